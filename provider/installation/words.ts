/** `45 s`, `3 min 20 s`, `1 h 5 min`. */
export function minutes(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const [larger, smaller, units] = whole < 3600 ? [60, 1, ["min", "s"]] : [3600, 60, ["h", "min"]];
  const rest = Math.floor((whole % larger) / smaller);
  return `${Math.floor(whole / larger)} ${units[0]}${rest > 0 ? ` ${rest} ${units[1]}` : ""}`;
}
