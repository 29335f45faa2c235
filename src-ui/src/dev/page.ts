import { mount } from "svelte";
import "../tokens.css";
import "../base.css";
import Page from "../page/Page.svelte";
import { pages } from "./fixtures";

// dev-page.html?scene=pair&ends=0
const query = new URLSearchParams(location.search);
const given = pages[query.get("scene") ?? "approve"] ?? null;
const ends = query.get("ends");
const target = document.getElementById("app");
if (target !== null) {
  mount(Page, {
    target,
    props: { given: given && ends !== null ? { ...given, expires: Date.now() + Number(ends) * 1000 } : given },
  });
}
