// Draws the overview's charts from the numbers that the page already holds; without it the tables stand open.
(function () {
  const holder = document.getElementById("chart-data");
  if (!holder || typeof echarts === "undefined") return;
  const data = JSON.parse(holder.textContent);
  const drawn = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function options(chart) {
    const text = colour("--cp-muted");
    const line = colour("--cp-line");
    const category = {
      type: "category",
      data: chart.labels,
      axisLabel: { color: text, overflow: "truncate", width: 120 },
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
      inverse: chart.kind === "bar",
    };
    const value = {
      type: "value",
      minInterval: 1,
      axisLabel: { color: text },
      splitLine: { lineStyle: { color: line } },
    };
    const bars = chart.kind === "bar";
    return {
      animation: false,
      color: [colour("--cp-accent"), colour("--cp-series-2"), colour("--cp-series-3")],
      textStyle: { fontFamily: "inherit" },
      tooltip: {
        trigger: "axis",
        backgroundColor: colour("--cp-surface"),
        borderColor: line,
        textStyle: { color: colour("--cp-text") },
      },
      legend: { top: 0, left: 0, textStyle: { color: colour("--cp-text") }, itemGap: 16 },
      grid: { left: 0, right: 16, top: 40, bottom: 0, containLabel: true },
      xAxis: bars ? value : category,
      yAxis: bars ? category : value,
      series: chart.series.map(function (values, place) {
        return {
          name: chart.names[place],
          type: chart.kind,
          data: values,
          symbol: ["circle", "rect", "triangle"][place],
          symbolSize: 6,
          lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][place] },
          barMaxWidth: 12,
        };
      }),
    };
  }

  document.querySelectorAll("[data-chart]").forEach(function (box) {
    const chart = data[box.dataset.chart];
    if (!chart || !chart.labels.length) return;
    box.hidden = false;
    if (chart.kind === "bar") box.style.height = 72 + chart.labels.length * 44 + "px";
    const instance = echarts.init(box, null, { renderer: "svg" });
    instance.setOption(options(chart));
    drawn.push({ instance: instance, chart: chart });
    const numbers = box.parentElement.querySelector(".cp-numbers");
    if (numbers) numbers.open = false;
  });

  window.addEventListener("resize", function () {
    drawn.forEach(function (one) { one.instance.resize(); });
  });
  // Light and dark are a class of the page's root.
  new MutationObserver(function () {
    drawn.forEach(function (one) { one.instance.setOption(options(one.chart)); });
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });

  document.querySelectorAll("form[data-filter] select").forEach(function (select) {
    select.addEventListener("change", function () { select.form.submit(); });
  });
})();
