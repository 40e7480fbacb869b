import { mount } from "svelte";
import "../ui/base.css";
import { known } from "../ui/statuses";
import App from "./App.svelte";

void known().then(() => mount(App, { target: document.getElementById("app")! }));
