import { mount } from "svelte";
import "../ui/base.css";
import App from "./App.svelte";
import { takeFirst } from "./first";

const first = takeFirst();
const target = document.getElementById("app")!;
target.replaceChildren();
mount(App, { target, props: { first } });
