// Something that a page loads from the server, while it loads and if it fails.

import { orSignIn } from "../api";

export class Resource<T> {
  value = $state.raw<T>();
  problem = $state.raw<unknown>();
  readonly #load: () => Promise<T>;
  #asked = 0;

  constructor(load: () => Promise<T>) {
    this.#load = load;
    void this.reload();
  }

  /** reload asks again; what was there stays until the answer comes. The last one asked for counts. */
  async reload(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const value = await this.#load().catch(orSignIn);
      if (asked !== this.#asked) return;
      this.value = value;
      this.problem = undefined;
    } catch (err) {
      if (asked === this.#asked) this.problem = err;
    }
  }
}
