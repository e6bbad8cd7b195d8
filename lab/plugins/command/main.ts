import { serve } from "../../../provider/kit/server";
import { commandPlugin } from "./plugin";

void serve(commandPlugin);
