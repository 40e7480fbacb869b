import { mount } from "svelte";
import "../ui/base.css";
import { known } from "../ui/statuses";
import App from "./App.svelte";

const [, page, id] = location.pathname.split("/");
const number = Number(id) || 0;
void known(page === "teach" ? { course: number } : { session: number }).then(() => mount(App, { target: document.getElementById("app")! }));
