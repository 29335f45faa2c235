// What a page of another origin can try against a door. The result names what
// could be read.
const [door, paths, body, key] = [DOOR, PATHS, BODY, KEY];
const readable = [];
const soon = (promise, ms = 4000) =>
  Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error("late")), ms))]);
const attempt = async (name, action) => {
  try {
    const read = await soon(action());
    if (read) readable.push(`${name}: ${String(read).slice(0, 80)}`);
  } catch {
    // Refused.
  }
};
const events = (target, good, bad) =>
  new Promise((yes, no) => {
    target.addEventListener(good, () => yes(good));
    target.addEventListener(bad, () => no(new Error(bad)));
  });
const text = async (path, options) => (await fetch(door + path, options)).text();

for (const path of paths) {
  await Promise.all([
    attempt(`no-cors GET ${path}`, () => text(path, { mode: "no-cors" })),
    attempt(`cors GET ${path}`, () => text(path)),
    attempt(`keyed GET ${path}`, () => text(path, { headers: { authorization: `Bearer ${key}` } })),
    attempt(`HEAD ${path}`, async () => (await fetch(door + path, { method: "HEAD" })).headers.get("content-type")),
    attempt(`no-cors POST ${path}`, () => text(path, { method: "POST", mode: "no-cors", body })),
    attempt(`plain POST ${path}`, () =>
      text(path, { method: "POST", headers: { "content-type": "text/plain" }, body }),
    ),
    attempt(`JSON POST ${path}`, () =>
      text(path, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
        body,
      }),
    ),
    attempt(`XMLHttpRequest ${path}`, async () => {
      const request = new XMLHttpRequest();
      request.open("POST", door + path);
      request.setRequestHeader("content-type", "text/plain");
      const loaded = events(request, "load", "error");
      request.send(body);
      await loaded;
      return request.responseText;
    }),
    attempt(`beacon ${path}`, async () => {
      navigator.sendBeacon(door + path, new Blob([body], { type: "text/plain" }));
    }),
    attempt(`image ${path}`, () => {
      const image = new Image();
      image.src = door + path;
      return events(image, "load", "error");
    }),
    attempt(`script ${path}`, () => {
      const script = document.createElement("script");
      script.src = door + path;
      document.body.append(script);
      return events(script, "load", "error");
    }),
    attempt(`style ${path}`, () => {
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: door + path });
      document.head.append(link);
      return events(link, "load", "error");
    }),
    attempt(`frame ${path}`, async () => {
      const frame = document.createElement("iframe");
      frame.src = door + path;
      document.body.append(frame);
      await events(frame, "load", "error");
      return frame.contentDocument?.body?.textContent;
    }),
    attempt(`form ${path}`, async () => {
      const frame = document.createElement("iframe");
      frame.name = `f${Math.random()}`;
      document.body.append(frame);
      const form = document.createElement("form");
      Object.assign(form, { method: "POST", action: door + path, target: frame.name, enctype: "text/plain" });
      // `{"a":"=` … `"}`: JSON in a form.
      form.append(Object.assign(document.createElement("input"), { name: body.slice(0, -1), value: "}" }));
      document.body.append(form);
      const loaded = events(frame, "load", "error");
      form.submit();
      await loaded;
      return frame.contentDocument?.body?.textContent;
    }),
    attempt(`window ${path}`, async () => {
      const opened = window.open(door + path, "_blank", "popup");
      if (!opened) return "";
      try {
        await new Promise((done) => setTimeout(done, 700));
        return opened.document.body.textContent;
      } finally {
        opened.close();
      }
    }),
    attempt(`events ${path}`, () => {
      const source = new EventSource(door + path);
      return events(source, "open", "error").finally(() => source.close());
    }),
    attempt(`socket ${path}`, () => events(new WebSocket(door.replace("http", "ws") + path), "open", "error")),
  ]);
}
return readable;
