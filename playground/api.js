/** The server's API as the playground uses it: with the developer's key, which came behind the `#` and is shown to nobody. */

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const KEPT = "stadion:playground:key";

/** The key of the address; from then on that of this tab. It leaves the address bar, where it would be copied with it. */
function keyOfThisTab() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(KEPT);
}

export class Api {
  constructor() {
    this.key = keyOfThisTab();
  }

  /** Whether this is the developer. Without a key one may still play. */
  get isDeveloper() {
    return this.key !== null;
  }

  async request(method, path, body) {
    const headers = this.key ? { authorization: `Bearer ${this.key}` } : {};
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    throw new ApiError(answer.status, problem.detail ?? problem.title ?? `the server answered ${answer.status}`);
  }

  async json(method, path, body) {
    const answer = await this.request(method, path, body);
    return answer.status === 204 ? null : answer.json();
  }

  async games() {
    return (await this.json("GET", "/v1/games?limit=200")).items;
  }

  async versions(game) {
    return (await this.json("GET", `/v1/games/${game}/versions`)).items.filter((version) => !version.deprecated_at);
  }

  /** Running matches of a game, newest first. */
  async matches(game) {
    return (await this.json("GET", `/v1/matches?state=running&limit=50&game=${game}`)).items;
  }

  match(id) {
    return this.json("GET", `/v1/matches/${id}`);
  }

  /** Schema bytes; nothing if the game speaks raw bytes. */
  async schema(game, version) {
    const answer = await this.request("GET", `/v1/games/${game}/versions/${version}/schema`);
    return answer.status === 204 ? undefined : new Uint8Array(await answer.arrayBuffer());
  }

  pace(id, pace) {
    return this.json("POST", `/v1/matches/${id}/pace`, pace);
  }

  /** The newest ticks. */
  ticks(id, limit) {
    return this.json("GET", `/v1/matches/${id}/ticks?limit=${limit}`);
  }

  end(id) {
    return this.json("DELETE", `/v1/matches/${id}`);
  }
}
