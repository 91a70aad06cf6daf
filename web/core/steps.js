// A step in words: what will be called, with which arguments.
import { commit, configurationLines, short } from "./words.js";
import { length } from "./time.js";

/** A word of a command line, quoted where a reader could take it for two. @param {string} word */
const word = (word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** @param {string[]} argv */
export const commandLine = (argv) => argv.map(word).join(" ");

const of = (image) => (image.from === "built" ? "the built image" : `image ${short(image.imageId)}`);

/** What the step does in one line, its exact call, and what else belongs to it. @param {any} step @param {any} body the plan's */
export function described(step, body) {
  const action = step.action;
  const configuration = body.configuration;
  const at = configuration ? `${configuration.publish.address}:${configuration.publish.port}` : "its address";
  switch (action.kind) {
    case "fetch_source":
      return { what: `Fetch commit ${commit(action.commit)}`, call: `git fetch ${action.repository}`, details: [["commit", action.commit], ["tree", action.tree]] };
    case "build_image": {
      const args = Object.entries(action.buildArgs).flatMap(([name, text]) => ["--build-arg", `${name}=${text}`]);
      const call = commandLine(["docker", "build", "--file", action.dockerfile, ...args, action.context]);
      const refused = action.refusedImages.map((image) => ["refuses", `image ${short(image)}, which is quarantined`]);
      return { what: `Build the image from ${action.dockerfile}`, call, details: [["commit", action.commit], ...refused] };
    }
    case "require_image":
      return { what: "Make sure that the image is there", call: `docker image inspect ${action.imageId}`, details: [] };
    case "run_test":
      return { what: `Test ${action.test}, in a container without network`, call: commandLine(action.argv), details: [["image", of(action.image)]] };
    case "confirm":
      return { what: "Ask a person, and go on with the answer", call: "", details: [["question", action.question], ["choices", action.choices.join(", ")], ["asked", action.answerers.join(", ") || "whoever may approve"]] };
    case "create_container":
      return { what: "Create the container, not started", call: `docker create ${of(action.image)}`, details: configurationLines(configuration) };
    case "switch": {
      const drain = configuration ? `, up to ${length(configuration.drainSeconds * 1000)} to end` : "";
      const what = action.from ? "Stop what runs and keep it, start the new one" : "Start the container";
      const details = [["start", `${of(action.to)} on ${at}`]];
      if (action.from) details.unshift(["stop", `image ${short(action.from.imageId)}, commit ${commit(action.from.commit)}${drain}`]);
      return { what, call: action.from ? "docker stop, docker start" : "docker start", details };
    }
    case "health_gate": {
      const { check, consecutive, intervalMilliseconds, deadlineSeconds, timeoutMilliseconds } = action.gate;
      const call = check.kind === "http" ? `GET http://${at}${check.path}` : "docker inspect: healthy";
      const details = [
        ["good", `${consecutive} times in a row`],
        ["every", length(intervalMilliseconds)],
        ["each within", length(timeoutMilliseconds)],
        ["all within", length(deadlineSeconds * 1000)],
      ];
      return { what: "Wait until it answers well", call, details };
    }
    case "smoke_test":
      return { what: `Test ${action.test}, against what was started`, call: commandLine(action.argv), details: [["image", of(action.image)]] };
    case "verify_running":
      return { what: "Inspect that what runs is what was approved", call: "docker inspect", details: [["image", of(action.image)]] };
    case "restart_container":
      return { what: "Restart the container", call: "docker restart", details: [["image", short(action.release.imageId)]] };
    case "run_script":
      return { what: `Run the script ${action.script}`, call: action.script, details: [["sha256", action.sha256], ...Object.entries(action.arguments)] };
    default:
      return { what: String(action.kind), call: "", details: [] };
  }
}

/** How long nothing will answer, in words. */
export function interruption(body) {
  const switches = body.steps.find((step) => step.action.kind === "switch");
  if (body.steps.some((step) => step.action.kind === "restart_container")) return "the service does not answer while its container restarts";
  if (!switches) return "none: nothing that runs is touched";
  if (!switches.action.from) return "none: nothing runs there yet";
  const drain = body.configuration ? length(body.configuration.drainSeconds * 1000) : "its drain time";
  return `from the stop of the old container (it has up to ${drain} to end) until the new one answers`;
}
