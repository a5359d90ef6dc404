// Words and numbers as people read them. Pure.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(count) {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const shown = value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1);
  return `${shown} ${UNITS[unit]}`;
}

const FACTORS = {
  "": 1, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

/** The number of a quantity such as `1Gi`; `null` if it is none. */
export function quantity(text) {
  const parts = /^([0-9.]+)(?:e([0-9]+)|([mkMGTPE]|[KMGTPE]i)?)$/.exec(text ?? "");
  if (!parts) {
    return null;
  }
  return Number(parts[1]) * (parts[2] ? 10 ** Number(parts[2]) : FACTORS[parts[3] ?? ""]);
}

/** How long ago, as kubectl says it. */
export function age(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) {
    return `${seconds}s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) {
    return `${minutes}m`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

const NAMES_MAX = 6;

/** `a, b and c`; of very many, the first and the last. */
export function names(list, last = "and") {
  if (list.length > NAMES_MAX) {
    return `${list[0]}, ${list[1]} … ${list[list.length - 1]} (${list.length})`;
  }
  return list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} ${last} ${list[list.length - 1]}`;
}

/** `1 pod`, `2 pods`. */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
