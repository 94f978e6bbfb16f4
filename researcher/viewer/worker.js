
// The worker opens one bundle and ends. The words are nowhere but in it and in the field
// that they were typed into.
"use strict";

async function start(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const program = await new Response(stream).arrayBuffer();
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(program, go.importObject);
  go.run(instance);
}

onmessage = async ({ data }) => {
  try {
    postMessage({ progress: "Starting the program" });
    await start(data.program);
    const began = performance.now();
    const out = locusOpen(data.bundle, data.words, (text) => postMessage({ progress: text }));
    out.milliseconds = performance.now() - began;
    postMessage(out, out.tsv ? [out.tsv.buffer] : []);
  } catch (e) {
    postMessage({ error: String(e), kind: "other" });
  }
};
