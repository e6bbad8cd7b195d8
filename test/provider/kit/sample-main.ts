import { serve } from "../../../provider/kit/server";
import { samplePlugin } from "./sample-plugin";

// SAMPLE_NOISE makes it write to stdout, SAMPLE_UNCAUGHT throw outside of any request.
void serve(samplePlugin({ objects: new Map(), events: [] })).then(() => {
  if (process.env.SAMPLE_NOISE) console.log("noise from a library");
  if (process.env.SAMPLE_UNCAUGHT) setTimeout(() => void Promise.reject(new Error("a bug")), 10);
});
