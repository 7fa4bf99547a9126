// How every chart looks: the page's colours, one frame, plain axes. What is drawn is the caller's.
window.cpCharts = (function () {
  "use strict";

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  // The parts all charts share; `own` adds axes and series, and says what is otherwise.
  function frame(own) {
    return Object.assign({
      animation: false,
      color: [colour("--cp-accent"), colour("--cp-series-2"), colour("--cp-series-3")],
      textStyle: { fontFamily: "inherit" },
      legend: { top: 0, left: 0, textStyle: { color: colour("--cp-text") }, itemGap: 16 },
      grid: { left: 0, right: 16, top: 40, bottom: 0, containLabel: true },
    }, own, {
      tooltip: Object.assign({
        trigger: "axis",
        backgroundColor: colour("--cp-surface"),
        borderColor: colour("--cp-line"),
        textStyle: { color: colour("--cp-text") },
      }, own.tooltip),
    });
  }

  function category(labels, own) {
    return Object.assign({
      type: "category",
      data: labels,
      axisLabel: { color: colour("--cp-muted") },
      axisLine: { lineStyle: { color: colour("--cp-line") } },
      axisTick: { show: false },
    }, own);
  }

  function value(own) {
    return Object.assign({
      type: "value",
      axisLabel: { color: colour("--cp-muted") },
      splitLine: { lineStyle: { color: colour("--cp-line") } },
    }, own);
  }

  // Where the legend and the drawing stand: on a narrow screen long names go below each other, above the drawing.
  function layout(names, width, axes) {
    const narrow = width < 480;
    const rows = narrow ? names.length : 1;
    return {
      legend: {
        top: 0,
        left: 0,
        orient: narrow ? "vertical" : "horizontal",
        itemGap: narrow ? 8 : 16,
        textStyle: { color: colour("--cp-text") },
      },
      grid: { left: 0, right: 16, top: 20 + rows * 22 + (axes[1] ? 16 : 0), bottom: axes[0] ? 22 : 0, containLabel: true },
    };
  }

  // What an axis counts, in words at its end or below its middle.
  function named(name, own) {
    return name ? Object.assign({ name: name, nameTextStyle: { color: colour("--cp-muted") } }, own) : {};
  }

  return { colour: colour, frame: frame, category: category, value: value, layout: layout, named: named };
})();
