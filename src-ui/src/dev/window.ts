import { setScene } from "./core";

// dev.html?scene=held
setScene(new URLSearchParams(location.search).get("scene") ?? "queue");
await import("../main");
