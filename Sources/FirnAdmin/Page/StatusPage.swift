/// The page at `/`: HTML, style and script in one text. It is a string literal because a file that the build embeds
/// becomes an array of 21,000 numbers, which takes longer to compile than the rest of this module.
enum StatusPage {
    static let html = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <!-- All that the page needs is in it, and all that it asks for is /status. -->
        <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'">
        <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M8 1v14M2 4.5l12 7M14 4.5l-12 7' stroke='%233b7dd8' stroke-width='1.6' stroke-linecap='round'/%3E%3C/svg%3E">
        <title>Firn</title>
        <style>
        :root {
          --paper: #f6f8fa; --card: #ffffff; --ink: #17222e; --soft: #566575; --line: #dde4ea;
          --good: #1d7a4c; --good-paper: #e2f4e9; --bad: #a8321f; --bad-paper: #fce8e3; --accent: #2463b8;
          --time: #2f6fc4; --worker: #0f857c; --sequence: #a8660a; --unused: #8894a0; --shard: #7a4fb5; --type: #b0396f; --local: #a8660a;
          --off: 22%;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #10161d; --card: #18212b; --ink: #e6edf3; --soft: #98a8b8; --line: #2a3744;
            --good: #6fd39b; --good-paper: #153524; --bad: #ff9c85; --bad-paper: #41201a; --accent: #7fb2f5;
            --time: #6aa6f2; --worker: #4cc5b9; --sequence: #e0a24a; --unused: #76838f; --shard: #b391e8; --type: #ec86b4; --local: #e0a24a;
            --off: 26%;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 60rem;
          background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums;
        }
        header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 1.25rem; }
        h1 { margin: 0; font-size: 1.6rem; letter-spacing: -.02em; }
        h2 { margin: 0 0 .9rem; font-size: 1.05rem; }
        h2 small { font-weight: 400; color: var(--soft); margin-left: .5rem; font-size: .9rem; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.1rem 1.25rem; margin-bottom: 1rem; }
        .pill { padding: .1rem .7rem; border-radius: 1rem; font-weight: 600; font-size: .9rem; color: var(--soft); background: var(--line); }
        .pill.good { color: var(--good); background: var(--good-paper); }
        .pill.bad { color: var(--bad); background: var(--bad-paper); }
        .about { color: var(--soft); font-size: .9rem; margin-left: auto; }
        .notice { padding: .7rem 1rem; border-radius: .6rem; background: var(--bad-paper); color: var(--bad); margin: 0 0 1rem; overflow-wrap: anywhere; }
        [hidden] { display: none !important; }

        .bits { display: flex; gap: 3px; height: 2.9rem; }
        .field { display: flex; min-width: 3px; border-radius: 5px; overflow: hidden; }
        .bit { flex: 1; background: color-mix(in srgb, var(--hue) var(--off), var(--card)); box-shadow: inset -1px 0 var(--card); }
        .bit:last-child { box-shadow: none; }
        .decoded .bit.one { background: var(--hue); }
        .ends { display: flex; gap: 3px; color: var(--soft); font-size: .75rem; }
        .ends span { display: flex; justify-content: space-between; overflow: hidden; white-space: nowrap; }
        .ends .narrow { visibility: hidden; }
        .fields { list-style: none; margin: .9rem 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(11.8rem, 1fr)); gap: .35rem 1.5rem; }
        .fields li { display: grid; grid-template-columns: auto 1fr; align-items: baseline; column-gap: .5rem; font-size: .95rem; }
        .fields i { width: .7rem; height: .7rem; border-radius: 3px; background: var(--hue); align-self: center; }
        .fields .range { color: var(--soft); grid-column: 2; font-size: .85rem; white-space: nowrap; }
        .fields output { grid-column: 2; font: 600 1rem ui-monospace, monospace; overflow-wrap: anywhere; }

        form { display: flex; gap: .5rem; margin-top: 1.1rem; flex-wrap: wrap; }
        label { flex-basis: 100%; font-size: .9rem; color: var(--soft); }
        input, select, button { font: inherit; padding: .5rem .8rem; border-radius: .5rem; border: 1px solid var(--line); }
        input { flex: 1 1 14rem; min-width: 0; background: var(--paper); color: var(--ink); font-family: ui-monospace, monospace; border-color: var(--soft); }
        select { background: var(--paper); color: var(--ink); border-color: var(--soft); }
        button { background: var(--accent); border-color: var(--accent); color: var(--card); font-weight: 600; cursor: pointer; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .result { margin: .9rem 0 0; min-height: 1.5em; overflow-wrap: anywhere; }
        .result.wrong { color: var(--bad); }
        .guesses { margin: .4rem 0 0; padding-left: 1.4rem; font-size: .9rem; overflow-wrap: anywhere; }

        .workers { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
        .worker b { font-size: 1.5rem; font-weight: 600; }
        .worker .top { display: flex; justify-content: space-between; align-items: baseline; }
        .worker p { margin: .35rem 0 0; font-size: .9rem; color: var(--soft); overflow-wrap: anywhere; }
        .worker p.bad { color: var(--bad); }
        .bar { height: .5rem; border-radius: .25rem; background: var(--line); overflow: hidden; margin-top: .4rem; }
        .bar i { display: block; height: 100%; border-radius: inherit; background: var(--worker); }
        .bar.low i { background: var(--bad); }

        .shard { display: grid; grid-template-columns: 6rem minmax(6rem, 1fr) 8rem; gap: .2rem 1.25rem; align-items: center; padding: .6rem 0; border-top: 1px solid var(--line); }
        .shard:first-of-type { border-top: 0; padding-top: 0; }
        .shard:last-child { padding-bottom: 0; }
        .shard h3 { margin: 0; font-size: .95rem; font-weight: 600; }
        .shard .rate { text-align: right; }
        .shard .rate b { font-size: 1.25rem; font-weight: 600; }
        .shard .rate span, .shard .more { color: var(--soft); font-size: .85rem; }
        .shard .more { grid-column: 1 / -1; margin: 0; }
        svg.line { width: 100%; height: 2.4rem; display: block; }
        svg.line polyline { fill: none; stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
        svg.line polygon { fill: var(--accent); opacity: .14; }

        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .9rem 1.5rem; margin: 0; }
        dt { color: var(--soft); font-size: .85rem; }
        dd { margin: 0; overflow-wrap: anywhere; }
        dd.bad { color: var(--bad); }
        footer { color: var(--soft); font-size: .9rem; }
        footer a { color: var(--accent); }

        @media (max-width: 34rem) {
          body { padding: 1rem .75rem 2rem; }
          section { padding: 1rem; }
          .about { margin-left: 0; flex-basis: 100%; }
          .bits { gap: 2px; height: 3.2rem; } .ends { gap: 2px; }
          .bit { box-shadow: none; }
          .bit + .bit { border-left: .5px solid var(--card); }
          .shard { grid-template-columns: 1fr auto; }
          .shard svg { grid-column: 1 / -1; grid-row: 2; }
          button { flex: 1; }
          .fields { grid-template-columns: repeat(auto-fill, minmax(9.2rem, 1fr)); column-gap: .75rem; }
        }
        </style>
        </head>
        <body>
        <header>
          <h1>Firn</h1>
          <span class="pill" id="state" role="status">asking …</span>
          <span class="about" id="about"></span>
        </header>
        <noscript><p class="notice">This page needs its script to show anything; <a href="/status">/status</a> has the same as JSON.</p></noscript>
        <p class="notice" id="reason" role="alert" hidden></p>
        <main>
          <section aria-labelledby="layout-heading">
            <h2 id="layout-heading">Layout <small id="layout-name"></small></h2>
            <div id="drawing" role="img" aria-label="the bits of an ID">
              <div class="ends" id="ends"></div>
              <div class="bits" id="bits"></div>
            </div>
            <ul class="fields" id="fields"></ul>
            <form id="decode">
              <label for="id">Paste an ID</label>
              <input id="id" name="id" autocomplete="off" autocapitalize="off" spellcheck="false" inputmode="text" maxlength="40" placeholder="1116766490855473152">
              <select id="format" aria-label="How it is written"></select>
              <button id="go">Decode</button>
              <button id="guess" type="button">Whose is it?</button>
            </form>
            <p class="result" id="result" role="status"></p>
            <ol class="guesses" id="guesses" aria-label="layouts that the ID can be of, the most plausible first"></ol>
          </section>
          <section aria-labelledby="workers-heading">
            <h2 id="workers-heading">Workers <small>and how long each may go on without the store</small></h2>
            <div class="workers" id="workers"></div>
          </section>
          <section aria-labelledby="shards-heading">
            <h2 id="shards-heading">Shards <small id="total"></small></h2>
            <div id="shards"></div>
          </section>
          <section aria-labelledby="facts-heading">
            <h2 id="facts-heading">Store, clock and process</h2>
            <dl id="facts"></dl>
          </section>
        </main>
        <footer><a href="/status">/status</a> · <a href="/metrics">/metrics</a> · <a href="/readyz">/readyz</a> · <a href="/livez">/livez</a></footer>
        <script>
        "use strict";
        const at = id => document.getElementById(id);
        // Texts of the daemon are only ever set as texts, never as markup.
        const make = (tag, name, text) => {
          const element = document.createElement(tag);
          if (name) element.className = name;
          if (text !== undefined) element.textContent = text;
          return element;
        };
        const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
        const hues = { time: "--time", worker: "--worker", sequence: "--sequence", unused: "--unused", shard: "--shard", type: "--type", local: "--local" };
        const hue = kind => `var(${hues[kind] || "--unused"})`;

        const duration = seconds => {
          if (seconds === null) return "–";
          const size = Math.abs(seconds);
          if (size < 1e-3) return `${Number((seconds * 1e6).toPrecision(3))} µs`;
          if (size < 1) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
          if (size < 60) return `${seconds.toFixed(1)} s`;
          if (size < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
          if (size < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
          if (size < 3 * 31557600) return `${Math.floor(seconds / 86400)} days`;
          return `${(seconds / 31557600).toFixed(1)} years`;
        };

        // MARK: The layout, and an ID in it

        let layout = null;

        function drawLayout(next) {
          const text = JSON.stringify(next.fields) + next.name;
          if (layout && layout.text === text) return;
          layout = { ...next, text };
          at("layout-name").textContent = next.name;
          const [bits, ends, fields] = [at("bits"), at("ends"), at("fields")];
          for (const place of [bits, ends, fields]) place.replaceChildren();
          for (const { kind, name, width, shift } of next.fields) {
            const field = make("div", "field");
            field.style.flex = `${width} 1 0`;
            field.style.setProperty("--hue", hue(kind));
            field.title = `${name}: ${width} ${width === 1 ? "bit" : "bits"}`;
            for (let bit = shift + width - 1; bit >= shift; bit--) {
              const cell = make("div", "bit");
              cell.dataset.bit = bit;
              field.append(cell);
            }
            bits.append(field);

            const high = shift + width - 1;
            const numbers = make("span", width < 4 ? "narrow" : "");
            numbers.style.flex = `${width} 1 0`;
            numbers.append(make("span", "", high), make("span", "", width > 6 ? shift : ""));
            ends.append(numbers);

            const item = make("li");
            item.style.setProperty("--hue", hue(kind));
            const most = (1n << BigInt(width)) - 1n;
            item.append(
              make("i"), make("span", "", name),
              make("span", "range", `${width === 1 ? `bit ${shift}` : `bits ${high}–${shift}`}${["unused", "time", "constant"].includes(kind) ? "" : ` · 0–${most}`}`),
            );
            const value = make("output");
            value.dataset.field = name;
            value.hidden = true;
            item.append(value);
            fields.append(item);
          }
          at("drawing").setAttribute("aria-label",
            "The bits of an ID from high to low: " + next.fields.map(field => `${field.width} ${field.name}`).join(", "));
          if (at("id").value) decode();
        }

        // As FirnLayout's IDFormat has them.
        const formats = {
          decimal: "0123456789",
          hex: "0123456789abcdef",
          base32: "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
          base58: "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
          "base58-flickr": "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ",
          "base32-z": "ybndrfg8ejkmcpqxot1uwisza345h769",
          base62: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
          "base62-lower-first": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
          base36: "0123456789abcdefghijklmnopqrstuvwxyz",
          "base32-sortable": "234567abcdefghijklmnopqrstuvwxyz",
        };
        at("format").append(...Object.keys(formats).map(name => new Option(name)));

        function parse(text, format) {
          let digits = text.trim().replace(/^["']|["']$/g, "").replace(/[_,\s]/g, "");
          // Whatever is chosen, unless both are digits of it.
          if (/^0x/i.test(digits) && !/0.*x/i.test(formats[format])) [digits, format] = [digits.slice(2), "hex"];
          // A signed column's negative numbers are two's complement.
          if (format === "decimal" && /^-\d+$/.test(digits)) {
            const magnitude = BigInt(digits.slice(1));
            return magnitude <= 1n << 63n ? BigInt.asUintN(64, -magnitude) : null;
          }
          if (format === "hex" || format === "base36") digits = digits.toLowerCase();
          if (format === "base32") digits = digits.toUpperCase().replace(/[IL]/g, "1").replace(/O/g, "0");
          const alphabet = formats[format];
          const values = [...digits].map(digit => alphabet.indexOf(digit));
          if (!values.length || values.includes(-1)) return null;
          return values.reduce((number, value) => number * BigInt(alphabet.length) + BigInt(value), 0n);
        }

        function timeOf(tick) {
          // In nanoseconds, for a tick may be shorter than a millisecond.
          const nanoseconds = BigInt(layout.epoch_unix_ms) * 1000000n + tick * BigInt(layout.tick_nanoseconds);
          const date = new Date(Number(nanoseconds / 1000000n));
          return isNaN(date) ? "past the year 275760" : date.toISOString();
        }

        function decode() {
          const [result, bits] = [at("result"), at("bits")];
          const text = at("id").value;
          const format = at("format").value;
          const id = text.trim() ? parse(text, format) : null;
          const wrong = text.trim() && (id === null || id >= 1n << 64n);
          result.className = wrong ? "result wrong" : "result";
          bits.classList.toggle("decoded", id !== null && !wrong);
          const outputs = document.querySelectorAll("output[data-field]");
          if (!layout || id === null || wrong) {
            for (const output of outputs) output.hidden = true;
            result.textContent = wrong ? `That is no 64-bit ID in ${format}: its digits are ${formats[format]}.` : "";
            return;
          }
          for (const cell of bits.querySelectorAll(".bit")) cell.classList.toggle("one", (id >> BigInt(cell.dataset.bit) & 1n) === 1n);
          const values = {};
          for (const { name, width, shift } of layout.fields) values[name] = id >> BigInt(shift) & (1n << BigInt(width)) - 1n;
          for (const output of outputs) {
            output.hidden = false;
            output.textContent = values[output.dataset.field].toString();
          }
          const hex = "0x" + id.toString(16).padStart(16, "0");
          const when = values.time === undefined ? "" : `Made at ${timeOf(values.time)}. `;
          const other = layout.fields.find(field => field.kind === "constant" && values[field.name] !== BigInt(field.constant));
          const reason = values.unused ? "its unused bits are set" : other ? `its ${other.name} is not ${other.constant}` : null;
          result.textContent = reason ? `Not of this layout: ${reason}. ${hex}` : `${when}${id} is ${hex}.`;
          if (reason) result.className = "result wrong";
        }

        // Which systems' ID it can be, by the daemon's catalogue.
        async function guess() {
          const text = at("id").value;
          const id = text.trim() ? parse(text, at("format").value) : null;
          at("guesses").replaceChildren();
          if (id === null) return decode();
          const answer = await fetch(`/guess/${id}`);
          if (!answer.ok) return decode();
          const { candidates, hints = [] } = await answer.json();
          const plausible = candidates.filter(candidate => candidate.plausible).slice(0, 5);
          at("guesses").replaceChildren(...plausible.map(({ layout, utc, worker, reason }) =>
            make("li", "", [layout, utc, worker === undefined ? null : `worker ${worker}`, reason].filter(Boolean).join(", "))),
            ...hints.map(hint => make("li", "", hint)));
        }

        at("guess").addEventListener("click", guess);
        at("decode").addEventListener("submit", event => { event.preventDefault(); decode(); });
        at("format").addEventListener("change", decode);
        at("id").addEventListener("input", () => { at("guesses").replaceChildren(); if (!at("id").value.trim()) decode(); });

        // MARK: What changes every second

        function drawWorkers(status) {
          const cards = status.workers.map(worker => {
            const card = make("div", "worker");
            const top = make("div", "top");
            top.append(make("b", "", worker.worker === null ? "none" : worker.worker));
            top.append(make("span", worker.serving ? "pill good" : "pill bad", worker.resting ? "at rest" : worker.serving ? "serving" : "waiting"));
            card.append(top);
            if (worker.worker !== null) {
              const share = Math.min(1, worker.window_left_seconds / status.window_seconds);
              const bar = make("div", share < 0.25 && !worker.resting ? "bar low" : "bar");
              bar.setAttribute("role", "meter");
              bar.setAttribute("aria-label", `window of worker ${worker.worker}`);
              bar.setAttribute("aria-valuemin", 0);
              bar.setAttribute("aria-valuemax", status.window_seconds);
              bar.setAttribute("aria-valuenow", worker.window_left_seconds.toFixed(1));
              const fill = make("i");
              fill.style.width = `${share * 100}%`;
              bar.append(fill);
              card.append(bar, make("p", "", `${duration(worker.window_left_seconds)} of ${duration(status.window_seconds)} left · generation ${worker.generation}`));
            }
            const trouble = worker.reason || worker.store_error;
            if (trouble) card.append(make("p", "bad", trouble));
            return card;
          });
          at("workers").replaceChildren(...cards);
        }

        const remembered = 60;
        const histories = new Map();

        function line(values) {
          const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
          svg.setAttribute("class", "line");
          svg.setAttribute("viewBox", `0 0 ${remembered - 1} 1`);
          svg.setAttribute("preserveAspectRatio", "none");
          svg.setAttribute("aria-hidden", "true");
          const most = Math.max(1, ...values);
          const from = remembered - values.length;
          const points = values.map((value, index) => `${from + index},${(0.97 - value / most * 0.94).toFixed(4)}`);
          const area = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
          area.setAttribute("points", [`${from},1`, ...points, `${remembered - 1},1`].join(" "));
          const stroke = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
          stroke.setAttribute("points", points.join(" "));
          svg.append(area, stroke);
          return svg;
        }

        function drawShards(status) {
          let total = 0;
          const rows = status.shards.map(shard => {
            total += shard.ids_per_second;
            const history = histories.get(shard.shard) || [];
            history.push(shard.ids_per_second);
            while (history.length > remembered) history.shift();
            histories.set(shard.shard, history);
            const row = make("div", "shard");
            const rate = make("div", "rate");
            rate.append(make("b", "", number.format(shard.ids_per_second)), make("span", "", " IDs/s"));
            row.append(make("h3", "", shard.shard.startsWith("http-") ? `HTTP ${shard.shard.slice(5)}` : `Shard ${shard.shard}`), line(history), rate);
            const many = (count, one, more) => `${number.format(count)} ${count === 1 ? one : more}`;
            const parts = [
              ...(shard.connections === null ? [] : [many(shard.connections, "connection", "connections")]), `${number.format(shard.calls_per_second)} calls/s`,
              `${number.format(shard.ids)} IDs so far`,
            ];
            if (shard.failed_calls) parts.push(many(shard.failed_calls, "call failed", "calls failed"));
            if (shard.tick_waits) parts.push(`${number.format(shard.tick_waits)} waited for a tick`);
            if (shard.p99_seconds !== null) parts.push(`99 % within ${duration(shard.p99_seconds)}`);
            row.append(make("p", "more", parts.join(" · ")));
            return row;
          });
          at("shards").replaceChildren(...rows);
          at("total").textContent = `${number.format(total)} IDs per second; the layout gives ${number.format(status.layout.ids_per_second)} for each worker`;
        }

        function drawFacts(status) {
          const clock = status.clock;
          const facts = [
            ["Store", status.store.name],
            ["Store's last answer", status.store.last_answer || "none yet", status.store.failing],
            ["Wall clock less our time", Math.abs(clock.offset_seconds) < 1e-3 ? "none to speak of" : duration(clock.offset_seconds) + (clock.slewing ? ", being closed slowly" : ""), clock.slewing],
            ["Layout's last day", `${status.layout.last_day}, in ${duration(status.layout.remaining_seconds)}`, status.layout.remaining_seconds < 31557600],
            ["Connections", `${number.format(status.connections.open)} open, ${number.format(status.connections.accepted)} taken, ${number.format(status.connections.refused)} refused`],
          ];
          if (status.process) {
            facts.push(["Memory", `${(status.process.resident_bytes / 1048576).toFixed(1)} MiB`], ["Processor time", duration(status.process.cpu_seconds)]);
          }
          if (status.store.last_error) facts.push(["Store's last error", `${status.store.last_error} (${status.store.last_error_at})`, status.store.failing]);
          at("facts").replaceChildren(...facts.map(([name, value, isBad]) => {
            const fact = make("div");
            fact.append(make("dt", "", name), make("dd", isBad ? "bad" : "", value));
            return fact;
          }));
        }

        function show(status) {
          drawLayout(status.layout);
          drawWorkers(status);
          drawShards(status);
          drawFacts(status);
          say(status.ready ? "ready" : "not ready", status.ready ? "good" : "bad", status.reason);
          at("about").textContent = `version ${status.version} · up ${duration(status.uptime_seconds)}`;
        }

        // Only what changed is set: a screen reader reads it out each time.
        function say(state, kind, reason) {
          const pill = at("state");
          if (pill.textContent !== state) pill.textContent = state;
          pill.className = `pill ${kind}`;
          at("reason").hidden = !reason;
          if (at("reason").textContent !== (reason || "")) at("reason").textContent = reason || "";
          document.title = `Firn: ${state}`;
        }

        let answered = null;

        async function poll() {
          const began = performance.now();
          if (!document.hidden || !layout) {
            try {
              const answer = await fetch("/status", { cache: "no-store", signal: AbortSignal.timeout(5000) });
              if (!answer.ok) throw new Error(`status ${answer.status}`);
              show(await answer.json());
              answered = new Date();
            } catch (error) {
              say("no answer", "bad", `The daemon has not answered ${answered ? `since ${answered.toLocaleTimeString()}` : "yet"}; what is shown may be old. It is asked again every second.`);
            }
          }
          setTimeout(poll, Math.max(100, 1000 - (performance.now() - began)));
        }
        poll();
        </script>
        </body>
        </html>

        """#
}
