import { configCodec } from "./config";
import { serve } from "./kit/server";
import { manifest, registry, schema } from "./registry";

void serve({ ...manifest(), schema, config: configCodec, ...registry });
