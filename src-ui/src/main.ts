import { mount } from "svelte";
import "./tokens.css";
import "./base.css";
import Window from "./window/Window.svelte";

const target = document.getElementById("app");
if (target !== null) mount(Window, { target });
