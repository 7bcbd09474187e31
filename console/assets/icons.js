// Line drawings of the states, in the colour of the text around them. What they say is also said in words.
import { element } from "./dom.js";

const SHAPES = {
  // A stick above the socket it goes into.
  insert: [
    "M26 4h12v10H26z",
    "M22 14h20v20a4 4 0 0 1-4 4H26a4 4 0 0 1-4-4z",
    "M32 44v8m-5-5 5 5 5-5",
    "M14 60h36",
  ],
  read: ["M12 30a20 20 0 0 1 36-12m4-8v10H42", "M52 34a20 20 0 0 1-36 12m-4 8V44h10"],
  parcel: ["M8 20 32 8l24 12v26L32 58 8 46z", "M8 20l24 12 24-12M32 32v26", "M20 14l24 12v9"],
  done: ["M32 6a26 26 0 1 0 0 52 26 26 0 0 0 0-52z", "m20 33 8 8 16-18"],
  next: ["M10 18h32v32H10z", "M20 18V8h34v32H42", "M26 26v16m-8-8h16"],
  problem: ["M32 7 60 55H4z", "M32 24v14m0 8v1"],
};

export function icon(name) {
  return element(
    "svg.icon",
    { viewBox: "0 0 64 64", "aria-hidden": "true", focusable: "false" },
    SHAPES[name].map((d) => element("path", { d })),
  );
}
