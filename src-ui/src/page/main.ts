import { mount } from "svelte";
import "../tokens.css";
import "../base.css";
import { given } from "./door";
import Page from "./Page.svelte";

// The one-time address must not stay in the history.
history.replaceState(null, "", "/approve");

const target = document.getElementById("app");
if (target !== null) mount(Page, { target, props: { given: given() } });
