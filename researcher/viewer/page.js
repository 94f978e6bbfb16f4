"use strict";

const $ = (id) => document.getElementById(id);
const pageSize = 100;
const policy = globalThis.trustedTypes?.createPolicy("locus", { createScriptURL: (url) => url });

let bundle = null; // the chosen file
let shown = null; // the open answer
let busy = null; // the worker that opens
let saved = null; // what was saved last

// What to do about each kind of failure. The program's own words stand beneath.
const fixes = {
  words: ["These are not your 24 words", "Check their spelling and their order. Nothing was opened."],
  key: ["This answer is another key's", "The question was asked with a key that has other words. Use the words of the key that asked."],
  altered: ["Not verified: do not use this answer", "Something in the bundle is not what the sites and you have signed. Nothing was opened. Export it again; if it happens again, tell the study's custodians."],
  bundle: ["This is not a whole bundle", "It was cut short, changed on its way, or is another file. Copy it again, or export it again with locus result export."],
  other: ["This could not be opened", "Nothing was opened."],
};

function say(text) { $("progress").textContent = text; }

function fail(kind, text) {
  const [title, fix] = fixes[kind] ?? fixes.other;
  $("failure-title").textContent = title;
  $("failure-fix").textContent = fix;
  $("failure-says").textContent = text;
  $("failure").hidden = false;
  say("");
}

function choose(file) {
  bundle = file ?? null;
  $("chosen").textContent = bundle ? `${bundle.name}, ${bundle.size.toLocaleString("en")} bytes` : "No file chosen";
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// A worker opens, so that the page stays alive; it ends with the answer, and the words with it.
function startWorker() {
  const url = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  const worker = new Worker(policy ? policy.createScriptURL(url) : url);
  URL.revokeObjectURL(url);
  return worker;
}

function finish() {
  busy?.terminate();
  busy = null;
  $("open").disabled = false;
}

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  $("failure").hidden = true;
  $("result").hidden = true;
  shown = null;
  if (!bundle) return fail("bundle", "No file was chosen.");
  const name = bundle.name; // another may be chosen while this one is open
  $("open").disabled = true;
  busy = startWorker();
  busy.onerror = (e) => { finish(); fail("other", e.message); };
  busy.onmessage = ({ data }) => {
    if (data.progress) return say(data.progress + " …");
    finish();
    if (data.error) return fail(data.kind, data.error);
    $("words").value = "";
    say(`Opened in ${(data.milliseconds / 1000).toFixed(1)} s.`);
    show({ ...data, name });
  };
  try {
    const program = bytesOf($("program").textContent);
    const raw = new Uint8Array(await bundle.arrayBuffer());
    busy.postMessage({ program, bundle: raw, words: $("words").value }, [program.buffer, raw.buffer]);
  } catch (e) {
    finish();
    fail("other", `The file cannot be read: ${e.message}`);
  }
});

$("file").addEventListener("change", () => choose($("file").files[0]));
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (e) => { e.preventDefault(); $("drop").classList.add("over"); });
}
document.addEventListener("dragleave", () => $("drop").classList.remove("over"));
document.addEventListener("drop", (e) => {
  e.preventDefault();
  $("drop").classList.remove("over");
  choose(e.dataTransfer.files[0]);
});

// index finds the lines of a TSV, and reads the numbers in them. Lines are
// CHROM POS REF ALT AC AN AF, after one head; of a private answer SE LOW HIGH and more
// follow, and AC and AN are rounded, so that AF is read as it stands. It is no number where
// nobody is called.
function index(tsv, rows) {
  const a = { tsv, rows, at: new Uint32Array(rows + 1), contig: new Uint16Array(rows), names: [],
    pos: new Uint32Array(rows), ac: new Float64Array(rows), an: new Float64Array(rows), af: new Float64Array(rows) };
  const decoder = new TextDecoder();
  let p = tsv.indexOf(10) + 1, last = null;
  const number = () => { let v = 0; for (; tsv[p] > 32; p++) v = v * 10 + tsv[p] - 48; p++; return v; };
  const skip = () => { while (tsv[p] > 32) p++; p++; };
  for (let i = 0; i < rows; i++) {
    a.at[i] = p;
    const from = p;
    skip();
    if (last === null || p - from !== last.length || !last.every((b, k) => b === tsv[from + k])) {
      last = tsv.slice(from, p);
      a.names.push(decoder.decode(last).trim());
    }
    a.contig[i] = a.names.length - 1;
    a.pos[i] = number();
    skip(); skip();
    a.ac[i] = number();
    a.an[i] = number();
    const af = p;
    while (tsv[p] > 32) p++;
    a.af[i] = Number(decoder.decode(tsv.subarray(af, p)));
    while (tsv[p] !== 10) p++;
    p++;
  }
  a.at[rows] = p;
  return a;
}

function cells(a, i) {
  return new TextDecoder().decode(a.tsv.subarray(a.at[i], a.at[i + 1] - 1)).split("\t");
}

const canonical = (name) => name.replace(/^chr/i, "").toUpperCase().replace(/^M$/, "MT");

// wanted turns what was typed into a test of a row, or null when it cannot be read.
function wanted(a, text) {
  const t = text.trim().replaceAll(",", "");
  if (t === "") return () => true;
  const m = /^([^:\s]+)(?::(\d+)(?:-(\d+))?(?::([A-Za-z]+):([A-Za-z]+))?)?$/.exec(t);
  if (!m) return null;
  const contigs = a.names.map((name) => canonical(name) === canonical(m[1]));
  const from = m[2] === undefined ? 0 : Number(m[2]);
  const to = m[3] !== undefined ? Number(m[3]) : m[2] === undefined ? Infinity : from;
  return (i) => {
    if (!contigs[a.contig[i]] || a.pos[i] < from || a.pos[i] > to) return false;
    if (m[4] === undefined) return true;
    const [, , ref, alt] = cells(a, i);
    return ref === m[4].toUpperCase() && alt === m[5].toUpperCase();
  };
}

function select() {
  const a = shown;
  const fits = wanted(a, $("search").value);
  const limit = (id, otherwise) => ($(id).value === "" ? otherwise : Number($(id).value));
  const least = limit("least", -1), most = limit("most", 2);
  const order = new Uint32Array(a.rows);
  let n = 0;
  for (let i = 0; fits && i < a.rows; i++) {
    const af = a.af[i] || 0;
    if (af >= least && af <= most && fits(i)) order[n++] = i;
  }
  a.order = order.subarray(0, n);
  sort();
  a.page = 0;
  $("found").textContent = fits
    ? `${n.toLocaleString("en")} of ${a.rows.toLocaleString("en")} variants`
    : "This is not a region or a variant: type 7, 7:1000, 7:1000-2000 or 7:1000:A:C";
  draw();
}

function sort() {
  const a = shown;
  const value = { ac: (i) => a.ac[i], an: (i) => a.an[i], af: (i) => (Number.isNaN(a.af[i]) ? -1 : a.af[i]), place: (i) => i }[a.by];
  if (a.by === "place" && a.up) return; // as it was selected
  const sign = a.up ? 1 : -1;
  a.order.sort((x, y) => sign * (value(x) - value(y)) || x - y);
}

function draw() {
  const a = shown;
  const pages = Math.max(1, Math.ceil(a.order.length / pageSize));
  a.page = Math.min(Math.max(a.page, 0), pages - 1);
  const list = [];
  for (const i of a.order.subarray(a.page * pageSize, (a.page + 1) * pageSize)) {
    const line = document.createElement("tr");
    for (const text of cells(a, i).slice(0, 10)) {
      const cell = document.createElement("td");
      cell.textContent = text;
      if (text.length > 20) cell.title = text;
      line.append(cell);
    }
    list.push(line);
  }
  $("rows").replaceChildren(...list);
  $("number").value = a.page + 1;
  $("number").max = pages;
  $("pages").textContent = `of ${pages.toLocaleString("en")}`;
  $("first").disabled = $("before").disabled = a.page === 0;
  $("last").disabled = $("after").disabled = a.page === pages - 1;
}

function turn(to) {
  if (!shown) return;
  shown.page = to;
  draw();
}

$("first").addEventListener("click", () => turn(0));
$("before").addEventListener("click", () => turn(shown.page - 1));
$("after").addEventListener("click", () => turn(shown.page + 1));
$("last").addEventListener("click", () => turn(Infinity));
$("number").addEventListener("change", () => turn(Number($("number").value) - 1));
for (const id of ["search", "least", "most"]) $(id).addEventListener("input", () => shown && select());
for (const button of document.querySelectorAll("[data-sort]")) {
  button.addEventListener("click", () => {
    const a = shown;
    // The largest come first, but for places.
    a.up = a.by === button.dataset.sort ? !a.up : button.dataset.sort === "place";
    a.by = button.dataset.sort;
    for (const head of document.querySelectorAll("th")) head.removeAttribute("aria-sort");
    button.closest("th").setAttribute("aria-sort", a.up ? "ascending" : "descending");
    select();
  });
}

// What is saved is what locus result open writes, byte for byte, whatever was searched for.
$("save").addEventListener("click", () => {
  if (saved) URL.revokeObjectURL(saved);
  saved = URL.createObjectURL(new Blob([shown.tsv], { type: "text/tab-separated-values" }));
  const link = document.createElement("a");
  link.href = saved;
  link.download = shown.name.replace(/\.locus$/, "") + ".tsv";
  link.click();
});

function show(data) {
  shown = Object.assign(index(data.tsv, data.rows), { name: data.name, by: "place", up: true, page: 0 });
  for (const head of document.querySelectorAll("th")) head.removeAttribute("aria-sort");
  for (const head of document.querySelectorAll("th.private")) head.hidden = !data.private;
  const facts = [];
  for (const [name, value] of data.facts) {
    if (value === "") continue;
    const term = document.createElement("dt"), text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    facts.push(term, text);
  }
  $("facts").replaceChildren(...facts);
  $("result-rows").textContent = `${data.rows.toLocaleString("en")} variants`;
  $("search").value = $("least").value = $("most").value = "";
  $("result").hidden = false;
  select();
  $("result").focus();
}
