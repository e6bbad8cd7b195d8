import { type Draw, unpredictable } from "./draw";

const adverbs = words(
  "barely boldly bravely briefly brightly calmly clearly closely cleverly duly early easily evenly fairly firmly freely freshly gently",
  "gladly greatly happily highly hugely jointly justly kindly largely lightly loosely loudly mildly mostly nearly neatly nicely openly",
  "partly plainly poorly purely quickly quietly rapidly rarely readily really safely sharply simply slowly smoothly softly solely steadily",
  "strictly strongly surely swiftly tightly totally truly vastly visibly warmly weekly wholly widely wildly",
);
const adjectives = words(
  "able agile alert amber ample apt arctic bold brave brief bright brisk calm candid clean clear clever cool cosmic crisp curious dapper",
  "daring deft eager early elegant even exact fair famous fast fine firm fleet fluent fond frank free fresh gentle glad golden grand great",
  "happy hardy humble ideal keen kind large lasting light lively loyal lucid lucky mellow mighty modest neat nimble noble open patient",
  "polite prime proud quick quiet rapid ready robust rustic sharp silent simple sincere sleek smart smooth snug solid stable steady stout",
  "strong sturdy subtle sunny sure swift tender tidy true upbeat valid vital vivid warm wise witty young",
);
const names = words(
  "adder badger bat beagle bear beetle bison bobcat buck bull camel cat cheetah chipmunk cobra cod condor cougar cow coyote crab crane",
  "cricket crow deer dingo dodo dog dolphin donkey dove dragon drake duck eagle eel egret elephant elk emu falcon ferret finch fish flamingo",
  "fox frog gannet gazelle gecko gibbon giraffe gnu goat goose gopher grouse gull hamster hare hawk hen heron hippo horse hound ibex ibis",
  "iguana impala jackal jaguar jay kiwi koala lamb lark lemur leopard lion lizard llama lobster lynx macaw magpie mammoth marlin marmot",
  "mink mole monkey moose moth mouse mule newt ocelot octopus oriole osprey otter owl ox oyster panda panther parrot peacock pelican penguin",
  "perch pheasant pig pigeon pony puffin puma quail rabbit raccoon ram raven robin salmon seal shark sheep shrew shrimp skunk sloth snail",
  "snake sparrow spider squid squirrel stag stork swan swift tahr tapir tiger titmouse toad toucan trout tuna turtle viper vole wallaby",
  "walrus wasp weasel whale whippet wolf wombat woodcock wren yak zebra",
);

/** Adverbs, an adjective and an animal: as many words as asked for. */
export function petName(length: number, separator: string, draw: Draw = unpredictable): string {
  const one = (from: readonly string[]) => from[draw(from.length)];
  const before = Array.from({ length: Math.max(0, length - 2) }, () => one(adverbs));
  return [...before, ...(length > 1 ? [one(adjectives)] : []), one(names)].join(separator);
}

function words(...lines: string[]): string[] {
  return lines.join(" ").split(" ");
}
