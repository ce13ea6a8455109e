(function () {
  "use strict";
  const LW = window.LightweightCharts;
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  let colors = {};
  const css = (name) => colors[name];
  function readColors() {
    const style = getComputedStyle(root);
    const names = ["ink", "soft", "line", "card", "up", "down", "rise", "fall", "accent", "plot"];
    colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue("--" + name).trim()]));
  }
  readColors();
  const font = getComputedStyle(document.body).fontFamily;
  const FIRST_ROWS = 250;
  const FEW = 40; // with more trades in sight, only the selected one shows its levels

  // ---- the payload, unpacked ----

  function unpackBars() {
    const scale = 10 ** data.digits;
    const late = new Map(data.late);
    const bars = [];
    let time = data.start;
    let before = 0;
    for (let i = 0; i < data.close.length; i++) {
      time += late.get(i) || 0;
      const open = before + data.open[i];
      const close = before + data.close[i];
      const high = Math.max(open, close) + data.high[i];
      const low = Math.min(open, close) - data.low[i];
      bars.push({ time, open: open / scale, high: high / scale, low: low / scale, close: close / scale });
      before = close;
      time += data.step;
    }
    return bars;
  }

  function unpackEquity() {
    const scale = 10 ** data.places;
    const points = [];
    const falls = [];
    let time = 0;
    let value = 0;
    let peak = data.initial;
    data.equity.forEach((step, i) => {
      time += data.equity_times[i];
      value += step;
      const equity = value / scale;
      peak = Math.max(peak, equity);
      points.push({ time, value: equity });
      falls.push({ time, value: peak > 0 ? (equity / peak - 1) * 100 : 0 });
    });
    return { points, falls };
  }

  function unpackTrade(row, index) {
    const [side, hedge, entryTime, exitTime, entryBar, exitBar, entryPrice, exitPrice, quantity, entries, gross,
      fees, funding, net, percent, onMargin, reason, fills, guards] = row;
    return {
      number: index + 1, side: side > 0 ? "long" : "short", hedge: !!hedge, entryTime, exitTime, entryBar, exitBar,
      entryPrice, exitPrice, quantity, entries, gross, fees, funding, net, percent, onMargin,
      reason: data.reasons[reason][1],
      fills: fills.map((f) => ({ time: f[0], bar: f[1], reason: f[2], price: f[3], quantity: f[4], fee: f[5], maker: !!f[6] })),
      guards: guards.map((g) => ({ bar: g[0], stop: g[1], kind: g[2], targets: g[3] })),
    };
  }

  const bars = unpackBars();
  const equity = unpackEquity();
  const trades = data.trades.map(unpackTrade);
  const until = bars.length ? bars[bars.length - 1].time + data.step : 0;
  const drawn = trades.filter((t) => bars.length && t.exitTime > bars[0].time && t.entryTime < until);
  const inOrder = drawn.slice().sort((a, b) => a.entryBar - b.entryBar || a.number - b.number);
  let selected = null;

  // ---- figures ----

  const grouped = (value, places) => value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  const minus = (text) => text.replace("-", "\u2212");
  const money = (value) => minus(grouped(value, data.places));
  const gain = (value) => (value > 0 ? "+" : "") + money(value);
  const percent = (value, places = 2) => (value === null ? "–" : (value > 0 ? "+" : "") + minus(grouped(value, places)) + " %");
  const price = (value) => grouped(value, data.digits);
  const plain = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 8 });
  const brief = (value) => minus(value.toLocaleString("en-US", { maximumSignificantDigits: 5 }));
  const stamp = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
  const tone = (value) => (value > 0 ? "up" : value < 0 ? "down" : "");

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function span(seconds) {
    const minutes = Math.round(seconds / 60);
    const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"], [minutes % 60, "m"]];
    const first = parts.findIndex((part) => part[0] > 0);
    if (first < 0) return seconds + "s";
    return parts.slice(first, first + 2).filter((part) => part[0] > 0).map((part) => part.join("")).join(" ");
  }

  // ---- charts ----

  function look() {
    const line = css("line");
    return {
      layout: {
        background: { color: "transparent" }, textColor: css("soft"), attributionLogo: true,
        fontFamily: font, fontSize: 11,
        panes: { separatorColor: line, separatorHoverColor: line },
      },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderColor: line, timeVisible: true, secondsVisible: false, minBarSpacing: 0.01 },
      crosshair: { mode: LW.CrosshairMode.Normal },
      localization: { locale: "en-GB" },
      handleScroll: { vertTouchDrag: false },
    };
  }

  const lineLook = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerRadius: 3, lineWidth: 1.5 };
  const plotColors = ["plot", "soft", "up", "down"];
  const chart = LW.createChart(byId("price"), { autoSize: true, ...look() });
  const candleFormat = { type: "custom", minMove: 10 ** -data.digits, formatter: price };
  const candles = chart.addSeries(LW.CandlestickSeries, {
    priceFormat: candleFormat,
    priceLineVisible: false, lastValueVisible: false,
  });
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.1 } });
  candles.setData(bars);

  let pane = 0;
  const plots = data.plots.map((plot, index) => {
    const scale = 10 ** plot.digits;
    const options = { ...lineLook };
    if (plot.own) options.priceFormat = { type: "custom", minMove: 10 ** -plot.digits, formatter: brief };
    else options.priceFormat = candleFormat;
    if (plot.bounds) {
      const [minValue, maxValue] = plot.bounds;
      options.autoscaleInfoProvider = () => ({ priceRange: { minValue, maxValue } });
    }
    const series = chart.addSeries(LW.LineSeries, options, plot.own ? ++pane : 0);
    series.setData(bars.map((bar, i) => (plot.values[i] === null ? { time: bar.time } : { time: bar.time, value: plot.values[i] / scale })));
    const levels = plot.levels.map(([value, name]) => series.createPriceLine({
      price: value, lineWidth: 1, lineStyle: LW.LineStyle.Dashed, axisLabelVisible: true,
    }));
    if (plot.own) series.attachPrimitive(captions(plot, series));
    return { name: plot.name, values: plot.values, scale, digits: plot.digits, series, levels, color: plotColors[index % plotColors.length] };
  });
  chart.panes().forEach((p, i) => p.setStretchFactor(i > 0 ? 1 : window.innerWidth < 700 ? 2.4 : 3.4));

  // The pane's name and those of its levels, written at its left edge where no newest value is.
  function captions(plot, series) {
    const write = (target) => target.useBitmapCoordinateSpace(({ context, verticalPixelRatio: v }) => {
      const put = (text, y) => letters(context, text, 8 * v, y, css("soft"), v);
      put(plot.name, 12 * v);
      for (const [value, name] of plot.levels) put(name, (series.priceToCoordinate(value) - 7) * v);
    });
    return { updateAllViews() {}, paneViews: () => [{ zOrder: () => "top", renderer: () => ({ draw: write }) }] };
  }

  function letters(context, text, x, y, color, v, align = "left") {
    context.textAlign = align;
    context.font = `600 ${11 * v}px ${font}`;
    context.textBaseline = "middle";
    context.lineWidth = 3 * v;
    context.setLineDash([]);
    context.strokeStyle = css("card");
    context.strokeText(text, x, y);
    context.fillStyle = color;
    context.fillText(text, x, y);
  }

  const markers = LW.createSeriesMarkers(candles, []);
  function setMarkers() {
    const ink = css("ink");
    const list = [];
    for (const trade of drawn) {
      const faded = selected !== null && selected !== trade;
      const exitColor = (trade.net >= 0 ? css("up") : css("down")) + (faded ? "66" : "");
      trade.fills.forEach((fill, i) => {
        const bar = bars[fill.bar];
        if (!bar) return;
        if (fill.reason < 0) {
          const long = trade.side === "long";
          list.push({
            time: bar.time, position: long ? "belowBar" : "aboveBar", shape: long ? "arrowUp" : "arrowDown",
            color: ink + (faded ? "66" : ""), size: i === 0 ? 1 : 0.6,
            text: selected === trade && i === 0 ? "entry" : undefined,
          });
        } else {
          const last = i === trade.fills.length - 1;
          list.push({ time: bar.time, position: "atPriceMiddle", price: fill.price, shape: "circle", color: exitColor, size: last ? 0.7 : 0.45 });
        }
      });
    }
    markers.setMarkers(list.sort((a, b) => a.time - b.time));
  }

  // Drawn over the candles: levels of trades, and the trend state as a strip along the bottom.
  const overlay = {
    attached(param) { this.update = param.requestUpdate; },
    updateAllViews() {},
    paneViews() { return [{ zOrder: () => "normal", renderer: () => ({ draw }) }]; },
    autoscaleInfo() {
      if (!selected) return null;
      const levels = [selected.entryPrice, selected.exitPrice];
      selected.guards.forEach((g) => levels.push(...g.targets, ...(g.stop === null ? [] : [g.stop])));
      return { priceRange: { minValue: Math.min(...levels), maxValue: Math.max(...levels) } };
    },
  };

  function draw(target) {
    const view = chart.timeScale().getVisibleLogicalRange();
    if (!view) return;
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio: h, verticalPixelRatio: v }) => {
      const scale = chart.timeScale();
      const origin = scale.logicalToCoordinate(0);
      const width = scale.logicalToCoordinate(1) - origin;
      const x = (bar) => (origin + bar * width) * h;
      const y = (value) => candles.priceToCoordinate(value) * v;
      const pen = { context, x, y, half: (width / 2) * h, v };
      drawTrend(pen, view, bitmapSize);
      const seen = drawn.filter((t) => t.exitBar >= view.from - 1 && t.entryBar <= view.to + 1);
      for (const trade of seen) {
        if (trade === selected) continue;
        context.globalAlpha = selected ? 0.35 : 1;
        drawCourse(pen, trade);
        if (seen.length <= FEW) drawLevels(pen, trade, 1);
      }
      context.globalAlpha = 1;
      if (selected && seen.includes(selected)) {
        drawSpan(pen, selected, bitmapSize);
        drawCourse(pen, selected);
        drawLevels(pen, selected, 2);
      }
    });
  }

  function drawTrend({ context, x, half, v }, view, size) {
    let bar = 0;
    for (const [state, count] of data.trend) {
      const from = bar;
      bar += count;
      if (bar < view.from - 1 || from > view.to + 1) continue;
      context.fillStyle = state > 0 ? css("up") : state < 0 ? css("down") : css("line");
      const left = Math.round(x(from) - half);
      context.fillRect(left, size.height - Math.round(7 * v), Math.round(x(bar - 1) + half) - left, Math.round(7 * v));
    }
  }

  function drawSpan({ context, x, half }, trade, size) {
    context.fillStyle = css("accent") + "14";
    const left = x(trade.entryBar) - half;
    context.fillRect(left, 0, x(trade.exitBar) + half - left, size.height);
  }

  function drawCourse({ context, x, y, v }, trade) {
    context.strokeStyle = trade.net >= 0 ? css("up") : css("down");
    context.lineWidth = (trade === selected ? 1.5 : 1) * v;
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(x(trade.entryBar), y(trade.entryPrice));
    context.lineTo(x(trade.exitBar), y(trade.exitPrice));
    context.stroke();
  }

  function drawLevels(pen, trade, weight) {
    const { context, x, y, half, v } = pen;
    const strong = weight > 1;
    const end = x(trade.exitBar) + half;
    const most = Math.max(0, ...trade.guards.map((g) => g.targets.length));
    const lines = [{ color: css("down"), dash: [], at: (g) => g.stop, name: "stop" }];
    // Filled levels leave the front of the list, so count the targets from the far end: each keeps its line.
    for (let back = 1; back <= most; back++) {
      lines.push({ color: css("up"), dash: [5 * v, 3 * v], at: (g) => g.targets[g.targets.length - back], name: "TP" + (most - back + 1) });
    }
    for (const line of lines) {
      context.strokeStyle = line.color;
      context.lineWidth = (strong ? 2 : 1) * v;
      context.setLineDash(line.dash);
      context.beginPath();
      let label = null;
      let open = false;
      trade.guards.forEach((guard, i) => {
        const value = line.at(guard);
        if (value === null || value === undefined) { open = false; return; }
        const from = x(guard.bar) - half;
        const next = trade.guards[i + 1];
        const to = next ? x(next.bar) - half : end;
        if (open) context.lineTo(from, y(value)); else context.moveTo(from, y(value));
        context.lineTo(to, y(value));
        open = true;
        label = label || { x: from, y: y(value) };
      });
      context.stroke();
      if (strong && label) letters(context, line.name, label.x - 6 * v, label.y, line.color, v, "right");
    }
    context.setLineDash([]);
  }
  candles.attachPrimitive(overlay);

  const equityChart = LW.createChart(byId("equity"), { autoSize: true, ...look() });
  const curve = equityChart.addSeries(LW.BaselineSeries, {
    baseValue: { type: "price", price: data.initial }, priceLineVisible: false, lineWidth: 2,
    priceFormat: { type: "custom", minMove: 10 ** -data.places, formatter: money },
  });
  curve.setData(equity.points);
  const start = curve.createPriceLine({ price: data.initial, lineWidth: 1, lineStyle: LW.LineStyle.Dotted, axisLabelVisible: false });
  const fall = equityChart.addSeries(LW.AreaSeries, {
    priceLineVisible: false, lastValueVisible: false, lineWidth: 1, invertFilledArea: true,
    autoscaleInfoProvider: (own) => { const info = own(); if (info) info.priceRange.maxValue = 0; return info; },
    priceFormat: { type: "custom", minMove: 0.01, formatter: (value) => minus(grouped(value, 2)) + " %" },
  }, 1);
  fall.priceScale().applyOptions({ scaleMargins: { top: 0.04, bottom: 0.08 } });
  fall.setData(equity.falls);
  equityChart.panes()[0].setStretchFactor(2.4);
  if (equityChart.panes()[1]) equityChart.panes()[1].setStretchFactor(1);

  function paint() {
    readColors();
    chart.applyOptions(look());
    equityChart.applyOptions(look());
    const [up, down, rise, sink, soft] = ["up", "down", "rise", "fall", "soft"].map(css);
    candles.applyOptions({
      upColor: rise, borderUpColor: rise, wickUpColor: rise, downColor: sink, borderDownColor: sink, wickDownColor: sink,
    });
    for (const plot of plots) {
      plot.series.applyOptions({ color: css(plot.color) });
      plot.levels.forEach((level) => level.applyOptions({ color: soft, axisLabelColor: soft, axisLabelTextColor: css("card") }));
    }
    curve.applyOptions({
      topLineColor: up, topFillColor1: up + "38", topFillColor2: up + "08",
      bottomLineColor: down, bottomFillColor1: down + "08", bottomFillColor2: down + "38",
    });
    start.applyOptions({ color: soft });
    fall.applyOptions({ lineColor: down, topColor: down + "10", bottomColor: down + "50" });
    setMarkers();
    overlay.update();
  }

  // ---- what the crosshair is on ----

  const trendAt = [];
  for (const [state, count] of data.trend) for (let i = 0; i < count; i++) trendAt.push(state);

  function legend(index) {
    const bar = bars[index];
    const line = byId("legend");
    line.replaceChildren();
    if (!bar) return;
    const put = (name, value, className) => {
      const item = element("span", name + " ");
      item.append(element("b", value, className));
      line.append(item);
    };
    put("", stamp(bar.time));
    put("O", price(bar.open));
    put("H", price(bar.high));
    put("L", price(bar.low));
    put("C", price(bar.close));
    for (const plot of plots) {
      const value = plot.values[index];
      put(plot.name, value === null || value === undefined ? "–" : grouped(value / plot.scale, Math.min(plot.digits, 2)));
    }
    if (trendAt.length) put("Trend", trendAt[index] > 0 ? "up" : trendAt[index] < 0 ? "down" : "neutral", tone(trendAt[index]));
  }
  chart.subscribeCrosshairMove((param) => legend(param.logical === undefined ? bars.length - 1 : Math.round(param.logical)));
  chart.subscribeClick((param) => {
    if (param.logical === undefined) return;
    const hit = drawn.filter((t) => t.entryBar <= param.logical + 1 && t.exitBar >= param.logical - 1);
    if (hit.length) select(hit[hit.length - 1], false);
  });

  // ---- which bars are in sight ----

  function showAll() {
    chart.timeScale().fitContent();
  }
  function showRecent() {
    const newest = inOrder.length ? Math.min(bars.length - 1, inOrder.reduce((last, t) => Math.max(last, t.exitBar), 0) + 20) : bars.length - 1;
    const room = Math.max(120, Math.min(320, Math.round(byId("price").clientWidth / 4)));
    chart.timeScale().setVisibleLogicalRange({ from: newest - room, to: newest + 3 });
  }
  function showTrade(trade) {
    const length = trade.exitBar - trade.entryBar;
    const around = Math.max(20, Math.round(length * 0.6));
    chart.timeScale().setVisibleLogicalRange({ from: trade.entryBar - around, to: trade.exitBar + around });
  }

  // ---- one trade ----

  function select(trade, zoom) {
    selected = trade;
    for (const row of byId("rows").rows) mark(row);
    setMarkers();
    if (trade && zoom && drawn.includes(trade)) showTrade(trade);
    overlay.update();
    describe(trade);
  }

  function describe(trade) {
    const box = byId("detail");
    box.replaceChildren();
    if (!trade) return;
    const head = element("h3");
    head.append(element("span", `Trade ${trade.number}: ${trade.side}${trade.hedge ? " hedge" : ""}, ${trade.reason}`));
    const close = element("button", "Close");
    close.type = "button";
    close.addEventListener("click", () => select(null, false));
    head.append(close);
    const list = element("dl");
    const put = (term, figure, className) => {
      const pair = element("div");
      pair.append(element("dt", term), element("dd", figure, className));
      list.append(pair);
    };
    put("Net", gain(trade.net), tone(trade.net));
    put("Price move", percent(trade.percent), tone(trade.percent));
    put("Return on margin", percent(trade.onMargin), tone(trade.onMargin));
    put("Gross", gain(trade.gross));
    put("Fees", money(trade.fees));
    put("Funding", gain(trade.funding));
    put("Held", span(trade.exitTime - trade.entryTime));
    const table = element("table", undefined, "stack");
    const body = table.createTBody();
    const titles = table.createTHead().insertRow();
    const names = ["Fill", "Time", "Price", "Quantity", "Fee"];
    for (const name of names) {
      const cell = element("th", name);
      cell.scope = "col";
      titles.append(cell);
    }
    for (const fill of trade.fills) {
      const row = body.insertRow();
      const kind = fill.reason < 0 ? "entry" : data.reasons[fill.reason][1];
      const cell = element("th", `${kind}, ${fill.maker ? "maker" : "taker"}`);
      cell.scope = "row";
      row.append(cell);
      const figures = [stamp(fill.time), plain(fill.price), plain(fill.quantity), minus(grouped(fill.fee, data.places + 2))];
      figures.forEach((text, i) => {
        const figure = element("td", text);
        figure.dataset.label = names[i + 1];
        row.append(figure);
      });
    }
    const scroll = element("div", undefined, "scroll");
    scroll.append(table);
    box.append(head, list, scroll);
  }

  function step(by) {
    if (!inOrder.length) return;
    const at = inOrder.includes(selected) ? inOrder.indexOf(selected) + by : by > 0 ? 0 : inOrder.length - 1;
    const next = inOrder[Math.max(0, Math.min(inOrder.length - 1, at))];
    select(next, true);
  }

  // ---- the table ----

  const heads = Array.from(document.querySelectorAll("table.trades thead th"));
  const order = { key: "number", down: false };
  let everything = trades.length <= FIRST_ROWS;

  function mark(row) {
    if (selected && row.dataset.number === String(selected.number)) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }

  function row(trade) {
    const made = document.createElement("tr");
    made.dataset.number = trade.number;
    mark(made);
    const pick = element("button", String(trade.number));
    pick.type = "button";
    pick.setAttribute("aria-label", `Show trade ${trade.number} in the chart`);
    const cells = [
      pick, stamp(trade.entryTime), stamp(trade.exitTime), trade.side + (trade.hedge ? " hedge" : ""),
      price(trade.entryPrice), price(trade.exitPrice), plain(trade.quantity), String(trade.entries), money(trade.fees),
      gain(trade.net), percent(trade.percent), trade.reason,
    ];
    const extra = { 1: "time", 2: "time", 9: tone(trade.net), 10: tone(trade.percent), 11: "reason" };
    cells.forEach((content, i) => {
      const cell = element("td", undefined, [heads[i].className, extra[i]].filter(Boolean).join(" "));
      cell.append(content);
      made.append(cell);
    });
    return made;
  }

  function fillTable() {
    const sorted = trades.slice().sort((a, b) => {
      const [left, right] = [a[order.key], b[order.key]];
      const by = typeof left === "string" ? left.localeCompare(right) : left - right;
      return (order.down ? -by : by) || a.number - b.number;
    });
    const shown = everything ? sorted : sorted.slice(0, FIRST_ROWS);
    byId("rows").replaceChildren(...shown.map(row));
    byId("more").hidden = everything;
    if (!trades.length) {
      const cell = element("td", "No trade was made.", "muted");
      cell.colSpan = heads.length;
      byId("rows").insertRow().append(cell);
    }
    heads.forEach((head) => {
      const mine = head.firstElementChild.dataset.key === order.key;
      head.setAttribute("aria-sort", mine ? (order.down ? "descending" : "ascending") : "none");
    });
  }

  heads.forEach((head) => head.firstElementChild.addEventListener("click", (event) => {
    const key = event.currentTarget.dataset.key;
    order.down = order.key === key ? !order.down : key === "net" || key === "percent";
    order.key = key;
    fillTable();
  }));
  byId("rows").addEventListener("click", (event) => {
    const chosen = event.target.closest("tr[data-number]");
    if (!chosen) return;
    select(trades[chosen.dataset.number - 1], true);
    byId("h-chart").scrollIntoView({ block: "start" });
  });
  byId("more").firstElementChild.textContent = `Show all ${trades.length} trades`;
  byId("more").addEventListener("click", () => { everything = true; fillTable(); });
  byId("all").addEventListener("click", showAll);
  byId("recent").addEventListener("click", showRecent);
  byId("prev").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  if (data.trend.length) document.querySelector(".trend-key").hidden = false;

  // ---- begin ----

  fillTable();
  paint();
  legend(bars.length - 1);
  equityChart.timeScale().fitContent();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  const wanted = /^#trade-(\d+)$/.exec(window.location.hash);
  requestAnimationFrame(() => {
    equityChart.timeScale().fitContent();
    if (bars.length > 700) showRecent(); else showAll();
    if (wanted && trades[wanted[1] - 1]) select(trades[wanted[1] - 1], true);
    requestAnimationFrame(() => {
      root.dataset.overflow = String(root.scrollWidth - root.clientWidth);
      root.dataset.width = String(window.innerWidth);
      root.dataset.ready = "1";
    });
  });
})();
