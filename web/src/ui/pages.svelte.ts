// A long list that the server gives page by page, narrowed by a search.

import { orSignIn } from "../api";

interface Page<T> {
  rows: T[];
  /** Where the next page begins; empty after the last. */
  next: string;
}

const pauseInTyping = 200; // ms

export class Pages<T> {
  rows = $state<T[]>([]);
  loaded = $state(false);
  busy = $state(false);
  more = $state(false);
  problem = $state.raw<unknown>();

  readonly #load: (query: string, cursor: string) => Promise<Page<T>>;
  #query = "";
  #next = "";
  #asked = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(load: (query: string, cursor: string) => Promise<Page<T>>) {
    this.#load = load;
    void this.#fetch(true);
  }

  /** search shows what fits the query, once the typing pauses. */
  search(query: string): void {
    if (query === this.#query) return;
    this.#query = query;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#fetch(true), pauseInTyping);
  }

  loadMore = () => this.#fetch(false);

  /** reload begins again from the start. */
  reload = () => this.#fetch(true);

  /** again asks once more for what failed. */
  again = () => this.#fetch(this.rows.length === 0);

  async #fetch(fromStart: boolean): Promise<void> {
    const asked = ++this.#asked;
    this.busy = true;
    try {
      const page = await this.#load(this.#query, fromStart ? "" : this.#next).catch(orSignIn);
      if (asked !== this.#asked) return; // something else was searched for meanwhile
      this.rows = fromStart ? page.rows : [...this.rows, ...page.rows];
      this.#next = page.next;
      this.more = page.next !== "";
      this.loaded = true;
      this.problem = undefined;
    } catch (err) {
      if (asked === this.#asked) this.problem = err;
    } finally {
      if (asked === this.#asked) this.busy = false;
    }
  }
}
