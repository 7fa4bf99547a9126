// Draws stacked bars from the numbers that the page holds; without it their table stands alone.
(function () {
  "use strict";
  const holder = document.getElementById("bars-data");
  const box = document.querySelector("[data-bars]");
  if (!holder || !box || typeof echarts === "undefined") return;
  const data = JSON.parse(holder.textContent);
  const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
  const whole = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: data.digits });

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function options() {
    const muted = colour("--cp-muted");
    const line = colour("--cp-line");
    return {
      animation: false,
      color: [colour("--cp-wait"), colour("--cp-info"), colour("--cp-accent")],
      textStyle: { fontFamily: "inherit" },
      tooltip: {
        trigger: "axis",
        axisPointer: { type: "shadow" },
        backgroundColor: colour("--cp-surface"),
        borderColor: line,
        textStyle: { color: colour("--cp-text") },
        valueFormatter: function (value) { return whole.format(value); },
      },
      legend: { top: 0, left: 0, textStyle: { color: colour("--cp-text") }, itemGap: 16 },
      grid: { left: 0, right: 8, top: 40, bottom: 0, containLabel: true },
      xAxis: {
        type: "category",
        data: data.labels,
        axisLabel: { color: muted },
        axisLine: { lineStyle: { color: line } },
        axisTick: { show: false },
      },
      yAxis: {
        type: "value",
        axisLabel: { color: muted, formatter: function (value) { return short.format(value); } },
        splitLine: { lineStyle: { color: line } },
      },
      series: data.names.map(function (name, place) {
        return {
          name: name,
          type: "bar",
          stack: "all",
          data: data.series[place],
          barMaxWidth: 40,
        };
      }),
    };
  }

  box.hidden = false;
  const chart = echarts.init(box, null, { renderer: "svg" });
  chart.setOption(options());
  window.addEventListener("resize", function () { chart.resize(); });
  new MutationObserver(function () { chart.setOption(options()); }).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-bs-theme"],
  });
})();
