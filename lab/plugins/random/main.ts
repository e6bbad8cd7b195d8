import { serve } from "../../../provider/kit/server";
import { randomPlugin } from "./plugin";

void serve(randomPlugin);
