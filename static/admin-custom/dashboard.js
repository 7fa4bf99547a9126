// Draws the overview's charts from the numbers that the page already holds; without it the tables stand open.
(function () {
  const holder = document.getElementById("chart-data");
  if (!holder || typeof echarts === "undefined") return;
  const data = JSON.parse(holder.textContent);
  const drawn = [];

  function options(chart) {
    const bars = chart.kind === "bar";
    const category = cpCharts.category(chart.labels, {
      axisLabel: { color: cpCharts.colour("--cp-muted"), overflow: "truncate", width: 120 },
      inverse: bars,
    });
    const value = cpCharts.value({ minInterval: 1 });
    return cpCharts.frame({
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
    });
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
