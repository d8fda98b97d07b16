// Draws each chart from the table beside it, so that both always say the same.
"use strict";
window.codesvcCharts = (() => {
  const drawn = new Map();
  // Lines differ without colour too; the legend shows the same strokes (admin.css, .d1 to .d4).
  const DASHES = [[], [9, 4], [2, 3], [12, 3, 2, 3]];
  const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
  const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000];
  const SHARES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
  const TIMES = [300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
  const ROUND = { count: COUNTS, seconds: SECONDS, share: SHARES };
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const alpha = (colour, share) => `color-mix(in srgb, ${colour} ${share}%, transparent)`;
  const lang = document.documentElement.lang;
  const whole = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 1 });
  const written = { count: (v) => whole.format(v), seconds: (v) => (v < 90 ? `${whole.format(v)} s` : `${whole.format(v / 60)} min`), share: (v) => percent.format(v) };

  function read(figure) {
    const rows = [...figure.querySelectorAll("tbody tr")];
    const names = [...figure.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
    const times = rows.map((row) => Number(row.querySelector("time").dataset.ms) / 1000);
    const values = names.map((_, n) => rows.map((row) => { const v = row.querySelectorAll("td")[n].dataset.v; return v === "" ? null : Number(v); }));
    return { names, times, values };
  }

  // Bars stand on one another; uPlot draws the tallest first.
  function stacked(values) {
    const sums = values[0] ? values[0].map(() => 0) : [];
    return values.map((series) => series.map((v, i) => (sums[i] += v || 0)));
  }

  function tooltip(data, unit, kind, tone) {
    const box = document.createElement("div");
    box.className = "tip";
    box.hidden = true;
    const format = written[unit];
    return { hooks: {
      init: (u) => u.over.append(box),
      setCursor: (u) => {
        const i = u.cursor.idx;
        if (i == null || u.cursor.left < 0) { box.hidden = true; return; }
        box.replaceChildren();
        const head = document.createElement("b");
        head.textContent = new Intl.DateTimeFormat(lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(data.times[i] * 1000);
        box.append(head);
        data.names.forEach((name, n) => {
          const v = data.values[n][i];
          if (v == null || (kind === "bars" && !v)) return;
          const line = document.createElement("span"), label = document.createElement("em"), number = document.createElement("i");
          label.className = tone(n);
          label.textContent = name;
          number.textContent = format(v);
          line.append(label, number);
          box.append(line);
        });
        box.hidden = box.childElementCount < 2;
        const right = u.cursor.left > u.over.clientWidth / 2;
        box.style.left = right ? "auto" : `${u.cursor.left + 12}px`;
        box.style.right = right ? `${u.over.clientWidth - u.cursor.left + 12}px` : "auto";
      },
    } };
  }

  function draw(figure) {
    const plot = figure.querySelector(".plot");
    if (!plot || !window.uPlot) return;
    drawn.get(figure)?.destroy();
    const { kind, unit } = figure.dataset, data = read(figure), bars = kind === "bars";
    const values = bars ? stacked(data.values) : data.values;
    // The legend's classes say which colour is whose.
    const tone = (n) => figure.querySelectorAll(".legend li")[n].className;
    const colours = data.names.map((_, n) => style(`--${tone(n)}`));
    const series = data.names.map((name, n) => bars
      ? { label: name, stroke: colours[n], fill: colours[n], width: 0, paths: uPlot.paths.bars({ size: [0.72, 28], radius: 0 }), points: { show: false } }
      : { label: name, stroke: colours[n], width: 2, dash: DASHES[n % DASHES.length], fill: data.names.length < 3 ? alpha(colours[n], 12) : undefined, spanGaps: false, points: { show: (u, s) => data.values[s - 1].filter((v) => v != null).length < 4, size: 5 } });
    const order = bars ? series.map((_, n) => series.length - 1 - n) : series.map((_, n) => n);
    const axis = { stroke: style("--soft"), grid: { stroke: style("--grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const step = Number(figure.dataset.step) / 1000;
    const top = Math.max(...values.flat().filter((v) => v != null), unit === "share" ? 0.05 : 1);
    const long = data.times[data.times.length - 1] - data.times[0] > 2.5 * 86400;
    const clock = new Intl.DateTimeFormat(lang, long ? { month: "numeric", day: "numeric" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const chart = new uPlot({
      width: plot.clientWidth, height: plot.clientHeight, legend: { show: false }, padding: [10, 8, 0, 0],
      cursor: { sync: { key: "codesvc" }, points: { show: !bars, size: 7 }, drag: { x: false, y: false }, y: false },
      scales: { x: { time: true, range: (u, from, to) => (bars ? [from - step / 2, to + step / 2] : [from, to]) }, y: { range: [0, unit === "share" ? Math.min(1, top * 1.08) : top * 1.08] } },
      axes: [
        { ...axis, grid: { show: false }, size: 28, space: 64, incrs: TIMES, values: (_, splits) => splits.map((at) => clock.format(at * 1000)) },
        { ...axis, size: unit === "seconds" ? 58 : 48, space: 36, incrs: ROUND[unit], values: (_, splits) => splits.map((v) => written[unit](v)) },
      ],
      series: [{}, ...order.map((n) => series[n])],
      plugins: [tooltip(data, unit, kind, tone)],
    }, [data.times, ...order.map((n) => values[n])], plot);
    drawn.set(figure, chart);
  }

  const all = () => document.querySelectorAll("figure.chart").forEach(draw);
  const forget = () => { drawn.forEach((chart, figure) => { if (!figure.isConnected) { chart.destroy(); drawn.delete(figure); } }); };
  return { all, forget };
})();
