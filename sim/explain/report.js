// SPDX-License-Identifier: Apache-2.0
// Draws the page of a run from the JSON in it. Tables become objects first; every plot shows the
// same span of time, which a drag, a double click or the buttons change; a click on a segment
// chooses its packet.
"use strict";
(() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const HOSTS = run.hosts;
  const LOST = -1;
  const sender = run.sender, receiver = 1 - sender;

  const named = (rows, names) => rows.map(row => Object.fromEntries(names.map((name, i) => [name, row[i]])));
  const SEGMENT = ["from", "at", "arrived", "seq", "payload", "ack", "window", "flags", "marks", "again", "packet", "bytes", "sacks"];
  const PACKET = ["packet", "at", "seq", "payload", "bytes"];
  for (const side of [run, run.plain]) {
    if (side) {
      side.segments = named(side.segments, SEGMENT);
      side.packets = named(side.packets, PACKET);
    }
  }
  run.links = named(run.links || [], ["name", "rate", "delay", "frames", "lost", "forth", "points"]);
  run.samples = named(run.samples, ["host", "at", "cwnd", "ssthresh", "sndWnd", "rcvWnd", "sendQueue", "recvQueue"]);
  for (const journey of run.journeys) {
    journey.stages = named(journey.stages, ["part", "place", "title", "at", "took", "cycles", "text", "source", "host"]);
  }

  // --- Small tools ---------------------------------------------------------

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    Object.assign(element, attributes);
    element.append(...children);
    return element;
  };
  const draw = (parent, tag, attributes, text) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  const number = (value, digits = 0) => value.toLocaleString("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
  const time = ns => ns >= 1e6 ? number(ns / 1e6, 3) + " ms" : ns >= 1e3 ? number(ns / 1e3, 2) + " us" : number(ns, 0) + " ns";
  const bytes = value => value >= 1e6 ? +(value / 1e6).toFixed(2) + " MB" : value >= 1e4 ? +(value / 1e3).toFixed(1) + " kB" : number(value) + " B";
  const rate = bps => bps ? number(bps / 1e6) + " Mb/s" : "any rate";
  const nice = (span, count) => {
    const step = 10 ** Math.floor(Math.log10(span / count));
    return step * [1, 2, 5, 10].find(factor => span / (step * factor) <= count);
  };

  // --- What the plots share ------------------------------------------------

  const last = side => Math.max(1, ...side.segments.filter(s => s.payload || s.seq).map(s => Math.max(s.at, s.arrived)));
  const whole = [0, last(run) * 1.01];
  const view = {from: whole[0], to: whole[1]};
  const plots = [];
  let chosen = run.journeys.length ? run.journeys.reduce((a, b) => b.payload > a.payload ? b : a) : null;
  const chosenListeners = [];

  const zoom = (from, to) => {
    const least = 200;
    if (to - from < least) to = from + least;
    view.from = Math.max(whole[0], from);
    view.to = Math.min(whole[1], to);
    plots.forEach(plot => plot.render());
  };
  const scale = factor => {
    const middle = (view.from + view.to) / 2, half = (view.to - view.from) / 2 * factor;
    zoom(middle - half, middle + half);
  };
  const choose = journey => {
    chosen = journey;
    chosenListeners.forEach(listener => listener());
    plots.forEach(plot => plot.render());
  };
  // The journey of a packet, or that of the nearest one that has one.
  const journeyOf = packet => run.journeys.find(j => j.packet === packet) ||
    run.journeys.reduce((a, b) => !a || Math.abs(b.packet - packet) < Math.abs(a.packet - packet) ? b : a, null);

  // A plot: axes, and what `content` draws between them.
  class Plot {
    constructor(parent, {id, height, unit, top, content, values, click, span, bottom}) {
      Object.assign(this, {height, unit, top, content, values, click, span, bottom: bottom || (() => 0)});
      this.svg = draw(parent, "svg", {id, class: "plot", role: "img"});
      this.legend = parent.querySelector(".legend");
      if (!span) plots.push(this);
      this.listen();
    }
    range() { return this.span || [view.from, view.to]; }
    x(ns) { const [from, to] = this.range(); return this.left + (ns - from) / (to - from) * this.width; }
    y(value) { return 8 + this.inner * (1 - (value - this.least) / (this.most - this.least)); }
    at(x) { const [from, to] = this.range(); return from + (x - this.left) / this.width * (to - from); }
    render() {
      const width = this.svg.parentNode.clientWidth - parseFloat(getComputedStyle(this.svg.parentNode).paddingLeft) * 2;
      this.left = 58;
      this.width = Math.max(120, width - this.left - 8);
      this.inner = this.height - 34;
      const [from, to] = this.range();
      this.least = this.bottom(from, to);
      this.most = Math.max(this.least + 1, this.top(from, to)) ;
      this.most += (this.most - this.least) * 0.04;
      this.svg.replaceChildren();
      this.svg.setAttribute("viewBox", `0 0 ${this.left + this.width + 8} ${this.height}`);
      this.svg.style.height = this.height + "px";
      this.axes(from, to);
      const clip = draw(this.svg, "clipPath", {id: this.svg.id + "-clip"});
      draw(clip, "rect", {x: this.left, y: 0, width: this.width, height: 8 + this.inner});
      const area = draw(this.svg, "g", {"clip-path": `url(#${this.svg.id}-clip)`});
      this.content(this, area, from, to);
      this.cursor = draw(this.svg, "path", {class: "cursor", d: ""});
      this.marker = draw(this.svg, "rect", {class: "select", x: 0, y: 8, width: 0, height: this.inner});
    }
    axes(from, to) {
      const rows = nice(this.most - this.least, 5), columns = nice((to - from) / 1e3, Math.max(3, this.width / 110)) * 1e3;
      for (let v = Math.ceil(this.least / rows) * rows; v <= this.most; v += rows) {
        draw(this.svg, "path", {class: "grid", d: `M${this.left} ${this.y(v)}h${this.width}`});
        draw(this.svg, "text", {x: this.left - 6, y: this.y(v) + 4, "text-anchor": "end"}, this.unit(v));
      }
      for (let t = Math.ceil(from / columns) * columns; t <= to; t += columns) {
        draw(this.svg, "path", {class: "grid", d: `M${this.x(t)} 8v${this.inner}`});
        const anchor = this.x(t) > this.left + this.width - 30 ? "end" : "middle";
        draw(this.svg, "text", {x: this.x(t), y: this.inner + 24, "text-anchor": anchor}, this.label(t, to - from));
      }
      draw(this.svg, "path", {class: "axis", d: `M${this.left} ${8 + this.inner}h${this.width}`});
    }
    label(t, span) {
      return span > 3e6 ? +(t / 1e6).toFixed(2) + " ms" : +(t / 1e3).toFixed(3) + " us";
    }
    position(event) {
      const box = this.svg.getBoundingClientRect();
      const ratio = (this.left + this.width + 8) / box.width;
      return {x: (event.clientX - box.left) * ratio, y: (event.clientY - box.top) * ratio};
    }
    hover({x}) {
      if (!this.values) return;
      const inside = x >= this.left && x <= this.left + this.width;
      this.cursor.setAttribute("d", inside ? `M${x} 8v${this.inner}` : "");
      this.values(inside ? this.at(x) : this.range()[1]).forEach((text, i) => {
        const item = this.legend.children[i];
        if (item) item.querySelector("b").textContent = text;
      });
    }
    listen() {
      let begun = null;
      this.svg.addEventListener("pointerdown", event => {
        begun = this.position(event);
      });
      this.svg.addEventListener("pointermove", event => {
        const now = this.position(event);
        this.hover(now);
        if (begun && !this.span) {
          this.marker.setAttribute("x", Math.min(begun.x, now.x));
          this.marker.setAttribute("width", Math.abs(now.x - begun.x));
        }
      });
      this.svg.addEventListener("pointerup", event => {
        const now = this.position(event);
        if (begun && !this.span && Math.abs(now.x - begun.x) > 8) {
          zoom(this.at(Math.min(begun.x, now.x)), this.at(Math.max(begun.x, now.x)));
        } else if (begun && this.click) {
          this.click(now);
        }
        begun = null;
      });
      this.svg.addEventListener("pointercancel", () => {
        begun = null;
        this.marker.setAttribute("width", 0);
      });
      this.svg.addEventListener("dblclick", () => { if (!this.span) zoom(...whole); });
    }
  }

  const section = (title, text, legend) => {
    const list = make("ul", {className: "legend"});
    for (const [colour, name, dashed] of legend || []) {
      const mark = make("i", {});
      mark.style.background = dashed ? `repeating-linear-gradient(90deg,var(--${colour}) 0 5px,transparent 5px 8px)` : `var(--${colour})`;
      list.append(make("li", {}, mark, name, make("b", {})));
    }
    const element = make("section", {}, make("h2", {}, title), make("p", {}, text), list);
    document.getElementById("page").append(element);
    return element;
  };
  // Steps: each value holds until the next one.
  const stairs = (plot, area, points, className, colour) => {
    let d = "", before = null;
    for (const [t, v] of points) {
      const x = plot.x(t).toFixed(1), y = plot.y(v).toFixed(1);
      d += before === null ? `M${x} ${y}` : `H${x}V${y}`;
      before = v;
    }
    if (d) d += `H${plot.left + plot.width}`;
    draw(area, "path", {class: "curve " + className, d, stroke: `var(--${colour})`});
  };
  const valueAt = (points, t) => {
    let low = 0, high = points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= t) low = middle + 1; else high = middle;
    }
    return low ? points[low - 1][1] : null;
  };
  const most = (points, from, to) => {
    let value = valueAt(points, from) || 0;
    for (const [t, v] of points) if (t >= from && t <= to && v > value) value = v;
    return value;
  };

  // --- Head ----------------------------------------------------------------

  const headOfRecording = page => {
    const again = run.segments.filter(s => s.again && s.payload).length;
    const cards = [
      [bytes(run.bytes), "sent, each byte once"],
      [time(run.duration), "first to last byte"],
      [number(run.bytes * 8e3 / Math.max(1, run.duration), 3) + " Mb/s", "on average"],
      [time(run.rtt), "least round trip"],
      [number(run.segments.length), "segments recorded"],
      [number(again), "sent again"],
    ];
    page.append(
      make("h1", {}, `${HOSTS[sender]} to ${HOSTS[receiver]}: ${bytes(run.bytes)}`),
      make("p", {}, `One connection of ${run.connections} in a recording${run.place ? ", seen at " + run.place : ""}.`),
      make("div", {className: "cards"}, ...cards.map(([value, name]) => make("div", {className: "card"}, make("b", {}, value), make("span", {}, name)))));
  };
  const head = () => {
    const page = document.getElementById("page");
    if (run.recording) headOfRecording(page); else headOfRun(page);
    tools(page);
  };
  const headOfRun = page => {
    const again = run.segments.filter(s => s.again && s.payload).length;
    const lost = run.segments.filter(s => s.arrived === LOST).length;
    const figure = name => run.figures.find(row => row[0] === name);
    const cards = [
      [bytes(run.bytes), run.ok ? "arrived, equal" : "arrived: NOT as sent"],
      [number(figure("goodput")[3], 3) + " Gb/s", "goodput"],
      [time(figure("connect() to the last read()")[3] * 1e6), "connect() to the last read()"],
      [number(run.segments.length), "segments on the wire"],
      [number(lost), "lost or damaged by the wire"],
      [number(again), "sent again"],
    ];
    page.append(
      make("h1", {}, `${run.command}: ${bytes(run.bytes)} from ${HOSTS[sender]} to ${HOSTS[receiver]}`),
      make("p", {}, `${run.nic} NICs, offload ${run.offload}, ` + (run.links.length ? `over ${HOSTS.length - 2} more hosts where these options hold unless the host says otherwise` :
        `wire of ${rate(run.rate)} with ${time(run.delay)} delay`) + `, MSS ${run.mss}, seed ${run.seed}. Event hash `, make("code", {}, run.hash), ", SHA-256 of what arrived ",
        make("code", {}, run.sha256), "."),
      make("div", {className: "cards"}, ...cards.map(([value, name]) => make("div", {className: "card"}, make("b", {}, value), make("span", {}, name)))));
  };
  const tools = page => {
    if (run.left_out) page.append(make("p", {className: "bad"}, `The plots show the first ${number(run.segments.length)} segments; ${number(run.left_out)} more are left out.`));
    const button = (text, label, act) => make("button", {type: "button", onclick: act, ariaLabel: label}, text);
    page.append(make("div", {className: "tools"},
      button("+", "zoom in", () => scale(0.5)), button("-", "zoom out", () => scale(2)),
      button("<", "earlier", () => { const d = (view.to - view.from) / 3; if (view.from > whole[0]) zoom(view.from - d, view.to - d); }),
      button(">", "later", () => { const d = (view.to - view.from) / 3; if (view.to < whole[1]) zoom(view.from + d, view.to + d); }),
      button("whole run", "whole run", () => zoom(...whole))),
      make("p", {}, "Drag over a plot to zoom" + (run.recording ? "." : ", click a segment to choose its packet.")));
  };

  // --- Time and sequence, in the manner of tcptrace -------------------------

  const sequenceContent = side => {
    const data = side.segments.filter(s => s.from === sender && s.payload);
    const acks = side.segments.filter(s => s.from === receiver && s.arrived !== LOST && s.flags & 16);
    acks.sort((a, b) => a.arrived - b.arrived);
    let high = 0;
    const ackLine = [], windowLine = [];
    for (const ack of acks) {
      high = Math.max(high, ack.ack);
      ackLine.push([ack.arrived, high]);
      windowLine.push([ack.arrived, ack.ack + ack.window]);
    }
    const sacks = acks.flatMap(ack => ack.sacks.map(block => ({at: ack.arrived, from: block[0], to: block[1]})));
    const content = (plot, area, from, to) => {
      stairs(plot, area, windowLine, "thin", "window");
      stairs(plot, area, ackLine, "", "ack");
      for (const sack of sacks) {
        if (sack.at >= from && sack.at <= to) draw(area, "path", {class: "sack", d: `M${plot.x(sack.at)} ${plot.y(sack.from)}V${plot.y(sack.to)}`});
      }
      for (const s of data) {
        if (s.at < from || s.at > to) continue;
        const x = plot.x(s.at).toFixed(1), y = plot.y(s.seq), rise = Math.min(-2, plot.y(s.seq + s.payload) - y);
        const mark = s.arrived === LOST ? "x" : s.again ? "R" : "";
        if (mark) draw(area, "text", {class: "mark " + (mark === "R" ? "again" : "lost"), x, y: y + rise - 4, "text-anchor": "middle"}, mark);
        draw(area, "path", {class: "seg" + (s.arrived === LOST ? " lost" : s.again ? " again" : ""), d: `M${x} ${y.toFixed(1)}v${rise.toFixed(1)}`, "data-packet": s.packet});
      }
    };
    const top = (from, to) => Math.max(1, ...data.filter(s => s.at <= to && s.at >= from).map(s => s.seq + s.payload), valueAt(ackLine, to) || 0);
    const bottom = from => from <= whole[0] ? 0 : valueAt(ackLine, from) || 0;
    return {data, ackLine, windowLine, content, top, bottom};
  };

  const timeSequence = () => {
    const parent = section("Time and sequence", "Each data segment at the moment its first byte left, at the height of its sequence numbers, as the sender saw it: " +
      "the ACK line below says what is acknowledged, the window line above how far it may go.",
      [["data", "data"], ["again", "sent again (R)"], ["lost", "lost or damaged (x)"], ["sack", "SACK"], ["ack", "acknowledged"], ["window", "window"]]);
    const shown = sequenceContent(run);
    new Plot(parent, {
      id: "sequence", height: 420, unit: bytes, top: shown.top, bottom: shown.bottom,
      content: (plot, area, from, to) => {
        if (chosen) {
          const own = shown.data.filter(s => s.packet === chosen.packet);
          if (own.length) {
            const a = plot.x(Math.min(...own.map(s => s.at))), b = plot.x(Math.max(...own.map(s => s.at)));
            draw(area, "rect", {class: "band", x: a - 4, y: 0, width: b - a + 8, height: plot.inner + 8});
          }
        }
        shown.content(plot, area, from, to);
      },
      values: t => ["", "", "", "", bytes(valueAt(shown.ackLine, t) || 0), bytes(valueAt(shown.windowLine, t) || 0)],
      click: ({x, y}) => {
        const plot = plots[0];
        let best = null, least = Infinity;
        for (const s of shown.data) {
          const dx = plot.x(s.at) - x, dy = plot.y(s.seq + s.payload / 2) - y, d = dx * dx + dy * dy;
          if (d < least) { least = d; best = s; }
        }
        if (best) choose(journeyOf(best.packet));
      },
    });
  };

  // --- Windows, buffers, queues ---------------------------------------------

  const curves = (title, text, id, lines, unit) => {
    const parent = section(title, text, lines.map(line => [line.colour, line.name, line.dashed]));
    new Plot(parent, {
      id, height: 260, unit,
      top: (from, to) => Math.max(1, ...lines.filter(line => !line.free).map(line => most(line.points, from, to))),
      content: (plot, area) => lines.forEach(line => stairs(plot, area, line.points, line.dashed ? "dashed" : "", line.colour)),
      values: t => lines.map(line => { const v = valueAt(line.points, t); return v === null ? "-" : unit(v); }),
    });
  };
  const sampled = (host, key) => run.samples.filter(s => s.host === host).map(s => [s.at, s[key]]);

  // Bytes that left and are not acknowledged, at the sender.
  const inFlight = () => {
    const events = [];
    for (const s of run.segments) {
      if (s.from === sender && s.payload) events.push([s.at, s.seq + s.payload, true]);
      if (s.from === receiver && s.arrived !== LOST && s.flags & 16) events.push([s.arrived, s.ack, false]);
    }
    events.sort((a, b) => a[0] - b[0]);
    let sent = 1, acked = 1;
    return events.map(([t, value, out]) => {
      if (out) sent = Math.max(sent, value); else acked = Math.max(acked, Math.min(value, sent));
      return [t, sent - acked];
    });
  };
  // Frames that have left their NIC and wait for the link: a frame enters with its last byte, and
  // its first byte arrives one delay after its transmission began.
  const queue = from => {
    const events = [];
    for (const s of run.segments) {
      if (s.from !== from || s.arrived === LOST) continue;
      const entered = s.at + (s.bytes + 8) * 0.8, begun = s.arrived - run.delay;
      if (begun > entered + 1) events.push([entered, s.bytes], [begun, -s.bytes]);
    }
    events.sort((a, b) => a[0] - b[0]);
    let level = 0;
    return [[0, 0], ...events.map(([t, change]) => [t, level += change])];
  };

  // What an ACK offers holds from when it reaches the sender.
  const offered = () => run.segments.filter(s => s.from === receiver && s.flags & 16).map(s => [s.arrived, s.window]).sort((a, b) => a[0] - b[0]);
  const windowsOfRecording = () => curves("Windows", "What the receiver allows, and what is in flight.", "windows", [
    {name: "receiver's window", colour: "window", points: offered()},
    {name: "in flight", colour: "ack", points: inFlight()},
  ], bytes);

  const limits = () => {
    const parent = section("What limited it", run.sentence);
    const table = make("table", {id: "limits"});
    for (const [name, share] of run.limits) {
      if (share > 0) table.append(make("tr", {}, make("td", {}, name), make("td", {className: "n"}, number(share * 100, 1) + " %")));
    }
    parent.append(make("div", {className: "scroll"}, table));
  };

  const windows = () => {
    const ssthresh = sampled(sender, "ssthresh").map(([t, v]) => [t, v > 1 << 30 ? null : v]).filter(p => p[1] !== null);
    curves("Windows", `Of ${HOSTS[sender]}, which sends: what congestion control and the receiver allow, and what is in flight.`, "windows", [
      {name: "cwnd", colour: "data", points: sampled(sender, "cwnd")},
      {name: "ssthresh", colour: "again", dashed: true, points: ssthresh},
      {name: "receiver's window", colour: "window", points: sampled(sender, "sndWnd")},
      {name: "in flight", colour: "ack", points: inFlight()},
    ], bytes);
  };
  const buffers = () => {
    const ends = [
      {name: `send queue, ${HOSTS[sender]}`, colour: "data", points: sampled(sender, "sendQueue")},
      {name: `receive queue, ${HOSTS[receiver]}`, colour: "sack", points: sampled(receiver, "recvQueue")},
    ];
    const wire = [
      {name: "waiting for the wire", colour: "again", points: queue(sender)},
      {name: "way back", colour: "window", dashed: true, points: queue(receiver)},
    ];
    const text = "Bytes that the application has written and that are not acknowledged, bytes that wait to be read";
    if (run.links.length) curves("Buffers", text + ".", "buffers", ends, bytes);
    else curves("Buffers and queues", text + ", and frames that wait for the wire.", "buffers", [...ends, ...wire], bytes);
  };
  // Over routers: what waits at the beginning of each link; dashed the way back.
  const links = () => {
    const colours = ["data", "again", "sack", "ack", "window", "lost"];
    const forth = run.links.filter(link => link.forth), back = run.links.filter(link => !link.forth);
    const lines = [forth, back].flatMap(side => side.map((link, i) =>
      ({name: link.name, colour: colours[i % colours.length], dashed: !link.forth, points: [[0, 0], ...link.points]})));
    curves("Queues of the links", "Bytes that have left a NIC and wait until the link sends them: the data's way, and dashed the way back.", "queues", lines, bytes);
    const table = make("table", {id: "links"}, make("tr", {}, ...["link", "rate", "delay", "frames", "lost", "most waiting"].map((name, i) => make("th", {className: i ? "n" : ""}, name))));
    for (const link of [...forth, ...back]) {
      const waiting = link.points.reduce((value, point) => Math.max(value, point[1]), 0);
      table.append(make("tr", {}, make("td", {}, link.name), ...[rate(link.rate), time(link.delay), number(link.frames), number(link.lost), bytes(waiting)]
        .map(text => make("td", {className: "n"}, text))));
    }
    document.getElementById("page").lastElementChild.append(make("div", {className: "scroll"}, table));
  };

  // --- One packet -----------------------------------------------------------

  const segmentsOf = journey => run.segments.filter(s => s.packet === journey.packet && s.payload && s.from === sender);

  // The super-segment above, what the NIC made of it below, in proportion.
  const drawPieces = (parent, journey) => {
    const pieces = segmentsOf(journey);
    const width = Math.max(260, parent.clientWidth), high = 26;
    const svg = draw(parent, "svg", {id: "pieces", viewBox: `0 0 ${width} 130`});
    svg.style.height = "130px";
    const total = Math.max(1, journey.payload), first = Math.min(...pieces.map(s => s.seq));
    const unit = (width - 2) / (total * 1.02), header = Math.max(2, Math.min(7, 54 * unit));
    draw(svg, "text", {x: 0, y: 14}, `to the NIC: 1 packet, ${number(total)} bytes of payload`);
    draw(svg, "rect", {class: "head", x: 0, y: 20, width: header, height: high});
    draw(svg, "rect", {class: "piece whole", x: header, y: 20, width: total * unit, height: high});
    draw(svg, "text", {x: 0, y: 72}, `on the wire: ${pieces.length} segment${pieces.length === 1 ? "" : "s"}` + (journey.gso ? ` of ${number(journey.gso)} bytes` : ""));
    for (const s of pieces) {
      const x = (s.seq - first) * unit;
      const piece = draw(svg, "rect", {class: "piece" + (s.arrived === LOST ? " lost" : s.again ? " again" : ""), x: x + header, y: 78, width: Math.max(1, s.payload * unit - 1), height: high});
      draw(piece, "title", {}, `bytes ${s.seq} to ${s.seq + s.payload - 1}, ${s.bytes} bytes of frame, left at ${time(s.at)}, ${s.arrived === LOST ? "lost" : "arrived at " + time(s.arrived)}`);
      draw(svg, "rect", {class: "head", x, y: 78, width: header, height: high});
    }
    if (pieces.length) {
      const begin = Math.min(...pieces.map(s => s.at)), end = Math.max(...pieces.map(s => s.at));
      draw(svg, "text", {x: 0, y: 122}, `first at ${time(begin)}, last ${time(end - begin)} later`);
    }
  };

  const drawStages = (list, journey) => {
    const end = journey.stages.length ? journey.stages[journey.stages.length - 1].at : journey.start;
    const total = Math.max(1, end - journey.start);
    for (const stage of journey.stages) {
      const bar = make("div", {className: "bar " + ["send", "wire", "receive", "route"][stage.part]});
      const fill = make("i", {});
      fill.style.left = (stage.at - stage.took - journey.start) / total * 100 + "%";
      fill.style.width = stage.took / total * 100 + "%";
      bar.append(fill);
      const host = stage.part === 1 ? "" : stage.host + ", ";
      const cycles = stage.cycles >= 0 ? `, ${number(stage.cycles)} cycles` : "";
      list.append(make("li", {},
        make("div", {className: "where"}, host + stage.place, make("br", {}), "at " + time(stage.at)),
        make("div", {},
          make("div", {className: "what"}, stage.title, make("span", {className: "took"}, time(stage.took) + cycles)), bar,
          make("p", {className: "text"}, stage.text + " ", make("code", {}, stage.source)))));
    }
    if (!journey.complete) list.append(make("li", {}, make("div", {className: "where bad"}, "the end"), make("div", {className: "bad"}, journey.end)));
  };

  const onePacket = () => {
    const parent = section("The way of one packet", "Stage by stage from write() at one end to read() at the other. The byte that is followed is the packet's first; the stages add up to the whole. Above, the packet as the stack handed it over; below, what went over the wire, headers in amber.");
    if (!chosen) {
      parent.append(make("p", {}, "The run sent no data."));
      return;
    }
    const select = make("select", {id: "packet", ariaLabel: "packet"}, ...run.journeys.map((journey, i) =>
      make("option", {value: i}, `packet ${journey.number}: ${number(journey.payload)} bytes${journey.complete ? "" : ", lost"}`)));
    const step = by => () => {
      const next = run.journeys[run.journeys.indexOf(chosen) + by];
      if (next) choose(next);
    };
    const summary = make("p", {id: "summary"}), pieces = make("div", {}), list = make("ol", {className: "stages", id: "stages"});
    select.onchange = () => choose(run.journeys[select.value]);
    parent.append(make("div", {className: "row"},
      make("button", {type: "button", ariaLabel: "previous packet", onclick: step(-1)}, "<"), select,
      make("button", {type: "button", ariaLabel: "next packet", onclick: step(1)}, ">")),
      summary, pieces, list);
    const show = () => {
      select.value = run.journeys.indexOf(chosen);
      const end = chosen.stages.length ? chosen.stages[chosen.stages.length - 1].at : chosen.start;
      const cycles = chosen.stages.every(s => s.cycles >= 0) ? `, ${number(chosen.stages.reduce((sum, s) => sum + s.took, 0) / 6.4)} cycles of the NICs' clock` : "";
      summary.textContent = `Packet ${chosen.number} carries ${number(chosen.payload)} bytes; its first byte took ${time(end - chosen.start)}${cycles}.`;
      pieces.replaceChildren();
      list.replaceChildren();
      drawPieces(pieces, chosen);
      drawStages(list, chosen);
    };
    chosenListeners.push(show);
    window.addEventListener("resize", show);
    show();
  };

  // --- Offloads on beside off -----------------------------------------------

  const beside = () => {
    const parent = section(run.plain ? "Offloads on beside off" : "Work", run.plain ?
      "The same bytes over the same wire, once with checksum, segmentation and verification by the NIC, once with all of it in software." :
      "What software and NICs did.");
    const table = make("table", {id: "figures"}, make("tr", {}, make("th", {}, ""), make("th", {className: "n"}, run.plain ? "on" : ""), run.plain ? make("th", {className: "n"}, "off") : ""));
    for (const [name, unit, digits, on, off] of run.figures) {
      table.append(make("tr", {}, make("td", {}, name + (unit ? ", " + unit : "")), make("td", {className: "n"}, number(on, digits)),
        run.plain ? make("td", {className: "n"}, number(off, digits)) : ""));
    }
    parent.append(make("div", {className: "scroll"}, table));
    if (!run.plain) return;
    const sides = make("div", {className: "side"});
    parent.append(sides);
    const span = [0, Math.max(last(run), last(run.plain)) * 1.02];
    const drawn = [[run, "on", "with"], [run.plain, "off", "without"]].map(([side, word, id]) => {
      const box = make("div", {}, make("h3", {}, `offloads ${word}: ${number(side.packets.length)} packets to the NIC, ${number(side.segments.filter(s => s.payload && s.from === sender).length)} data segments`));
      sides.append(box);
      const shown = sequenceContent(side);
      return new Plot(box, {id, height: 220, unit: bytes, span, content: shown.content,
        top: () => Math.max(1, ...shown.data.map(s => s.seq + s.payload))});
    });
    const render = () => drawn.forEach(plot => plot.render());
    window.addEventListener("resize", render);
    render();
  };

  const counters = () => {
    const parent = section("Counters", "Of the stacks; those that are 0 are left out.");
    const table = make("table", {}, make("tr", {}, make("th", {}, ""), ...HOSTS.map(host => make("th", {className: "n"}, host))));
    for (const [name, ...values] of run.counters) table.append(make("tr", {}, make("td", {}, make("code", {}, name)), ...values.map(v => make("td", {className: "n"}, number(v)))));
    parent.append(make("details", {}, make("summary", {}, `${run.counters.length} counters`), make("div", {className: "scroll"}, table)));
  };

  head();
  if (run.recording) {
    limits();
    timeSequence();
    windowsOfRecording();
  } else {
    timeSequence();
    windows();
    buffers();
    if (run.links.length) links();
    onePacket();
    beside();
    counters();
  }
  const render = () => plots.forEach(plot => { plot.render(); plot.hover({x: -1}); });
  window.addEventListener("resize", render);
  render();
})();
