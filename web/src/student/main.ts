import { mount } from "svelte";
import "../ui/base.css";
import App from "./App.svelte";
import { takeOver, type Begun } from "./takeover";

function show(begun?: Begun): void {
  const target = document.getElementById("app")!;
  target.replaceChildren();
  mount(App, { target, props: { begun } });
}

if (document.getElementById("first")) takeOver(show);
else show();
