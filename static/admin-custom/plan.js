// A plan's charts, drawn from numbers that the page holds; in the form they and the words follow what is typed.
(function () {
  let drawn = [];

  function options(chart, width) {
    return cpCharts.frame(Object.assign(cpCharts.layout(chart.names, width, chart.axes), {
      xAxis: cpCharts.category(chart.labels, cpCharts.named(chart.axes[0], { nameLocation: "middle", nameGap: 26 })),
      yAxis: cpCharts.value(Object.assign(
        { scale: chart.kind !== "bar" },
        cpCharts.named(chart.axes[1], { nameTextStyle: { align: "left", color: cpCharts.colour("--cp-muted") } })
      )),
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
    }));
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
      instance.setOption(options(chart, box.clientWidth));
      drawn.push({ instance: instance, chart: chart, box: box });
    });
  }

  window.addEventListener("resize", function () {
    drawn.forEach(function (one) {
      one.instance.resize();
      one.instance.setOption(options(one.chart, one.box.clientWidth));
    });
  });
  // Light and dark are a class of the page's root.
  new MutationObserver(function () {
    drawn.forEach(function (one) { one.instance.setOption(options(one.chart, one.box.clientWidth)); });
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
