// A plan's charts, drawn from numbers that the page holds; in the form they and the words follow what is typed.
(function () {
  let drawn = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function options(chart) {
    const text = colour("--cp-muted");
    const line = colour("--cp-line");
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
      xAxis: {
        type: "category",
        data: chart.labels,
        axisLabel: { color: text },
        axisLine: { lineStyle: { color: line } },
        axisTick: { show: false },
      },
      yAxis: { type: "value", scale: true, axisLabel: { color: text }, splitLine: { lineStyle: { color: line } } },
      series: chart.series.map(function (values, place) {
        return {
          name: chart.names[place],
          type: chart.kind,
          step: "middle",
          symbol: "none",
          barMaxWidth: 24,
          data: values,
          lineStyle: { width: 2, type: ["solid", "dashed"][place] },
        };
      }),
    };
  }

  function draw() {
    drawn.forEach(function (one) { one.instance.dispose(); });
    drawn = [];
    const holder = document.getElementById("curve-data");
    if (!holder || typeof echarts === "undefined") return;
    const data = JSON.parse(holder.textContent);
    document.querySelectorAll("[data-curve]").forEach(function (box) {
      const chart = data[box.dataset.curve];
      if (!chart) return;
      box.hidden = false;
      const instance = echarts.init(box, null, { renderer: "svg" });
      instance.setOption(options(chart));
      drawn.push({ instance: instance, chart: chart });
    });
  }

  window.addEventListener("resize", function () {
    drawn.forEach(function (one) { one.instance.resize(); });
  });
  // Light and dark are a class of the page's root.
  new MutationObserver(function () {
    drawn.forEach(function (one) { one.instance.setOption(options(one.chart)); });
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  draw();

  const form = document.querySelector("form[data-figures]");
  const shown = document.getElementById("preview");
  if (!form || !shown) return;
  let waiting = null;
  let asked = 0;

  async function refresh() {
    const mine = ++asked;
    try {
      const answer = await fetch(form.dataset.figures, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (!answer.ok || answer.redirected || mine !== asked) return;
      shown.innerHTML = await answer.text();
      draw();
    } catch (error) {
      // Without the network the button still shows what it pays.
    }
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 400);
  }
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  refresh();
})();
