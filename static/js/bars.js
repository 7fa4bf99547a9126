// Draws stacked bars from the numbers that the page holds; without it their table stands alone.
(function () {
  "use strict";
  const holder = document.getElementById("bars-data");
  const box = document.querySelector("[data-bars]");
  if (!holder || !box || typeof echarts === "undefined") return;
  const data = JSON.parse(holder.textContent);
  const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
  const whole = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: data.digits });

  function options() {
    const colours = ["--cp-wait", "--cp-info", "--cp-accent"];
    return cpCharts.frame({
      color: colours.map(cpCharts.colour),
      tooltip: {
        axisPointer: { type: "shadow" },
        valueFormatter: function (value) { return whole.format(value); },
      },
      grid: { left: 0, right: 8, top: 40, bottom: 0, containLabel: true },
      xAxis: cpCharts.category(data.labels),
      yAxis: cpCharts.value({
        axisLabel: { color: cpCharts.colour("--cp-muted"), formatter: function (value) { return short.format(value); } },
      }),
      series: data.names.map(function (name, place) {
        return {
          name: name,
          type: "bar",
          stack: "all",
          data: data.series[place],
          barMaxWidth: 40,
        };
      }),
    });
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
