// Runs a Node.js handler over the Lambda Runtime API, where Amazon's own aws-lambda-ric is not installed (its
// native part needs a compiler, and does not build on every platform). Node's standard library only.
//
// Handlers: async, promise and callback forms, CommonJS and ES modules, "folder/file.export". What Lambda's
// Node.js runtimes do is done: callbackWaitsForEmptyEventLoop, context.done/succeed/fail, null when the event
// loop runs empty without an answer, and errors as {errorType, errorMessage, trace}.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { types } from "node:util";

const { AWS_LAMBDA_RUNTIME_API: API, LAMBDA_TASK_ROOT: ROOT = process.cwd(), _HANDLER: HANDLER = "" } = process.env;
const [HOST, PORT] = API.split(":");
const RUNTIME = "/2018-06-01/runtime";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 }); // an idle socket of it keeps no process alive

let requestId = ""; // of the invocation that runs
let whenIdle = null; // what to do when the event loop is empty

process.on("beforeExit", () => {
  const act = whenIdle;
  whenIdle = null;
  if (act) setImmediate(act); // setImmediate also keeps the process alive
});
process.on("uncaughtException", (error) => giveUp(error, 129));
process.on("unhandledRejection", (reason) => giveUp(named("UnhandledPromiseRejection", reason), 128));

await main();

async function main() {
  let handler;
  try {
    handler = await load(HANDLER);
  } catch (error) {
    await giveUp(error, 1);
    return;
  }
  for (;;) {
    const { headers, body } = await ask("GET", "/invocation/next");
    requestId = headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
    await answer(handler, headers, body);
    requestId = "";
  }
}

// One invocation

async function answer(handler, headers, body) {
  const id = requestId;
  let text;
  try {
    const result = await run(handler, JSON.parse(body), headers);
    text = JSON.stringify(result === undefined ? null : result) ?? "null"; // a function, for one, has no JSON
  } catch (error) {
    await tellError(`/invocation/${id}/error`, "Invoke Error", error);
    return;
  }
  await ask("POST", `/invocation/${id}/response`, text);
}

function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    let waitForEmptyLoop = true;
    whenIdle = () => resolve(null);
    const done = (error, result) => {
      whenIdle = null;
      if (error === undefined || error === null) resolve(result);
      else reject(error);
    };
    const callback = (error, result) => {
      const failed = error !== undefined && error !== null;
      if (failed || !waitForEmptyLoop) done(error, result);
      else whenIdle = () => resolve(result);
    };
    const context = {
      ...described(headers),
      get callbackWaitsForEmptyEventLoop() {
        return waitForEmptyLoop;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waitForEmptyLoop = value;
      },
      done,
      succeed: (result) => done(null, result),
      fail: (error) => done(error ?? "handled"),
    };
    const returned = handler(event, context, once(callback)); // what it throws rejects the promise
    if (typeof returned?.then === "function") returned.then((result) => done(null, result), (error) => done(error ?? "null"));
  });
}

function once(wrapped) {
  let isCalled = false;
  return (...given) => {
    if (isCalled) return;
    isCalled = true;
    wrapped(...given);
  };
}

function described(headers) {
  const { env } = process;
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    clientContext: undefined,
    identity: undefined,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

// The handler

async function load(handler) {
  const found = /^([^.]*)\.(.+)$/.exec(path.basename(handler));
  if (!found || handler.includes("..")) {
    throw named("MalformedHandlerName", `'${handler}' is not a valid handler name: write file.export`);
  }
  const place = path.resolve(ROOT, path.dirname(handler), found[1]);
  let module;
  try {
    module = await loadModule(place, found[1]);
  } catch (error) {
    if (error instanceof SyntaxError) throw named("UserCodeSyntaxError", placed(error, place));
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code)) throw named("ImportModuleError", error);
    throw error;
  }
  const exported = (from) => found[2].split(".").reduce((object, key) => object?.[key], from);
  const loaded = exported(module) ?? exported(module.default);
  if (typeof loaded !== "function") throw named("HandlerNotFound", `${handler} is undefined or not exported`);
  return loaded;
}

function loadModule(place, name) {
  const require = createRequire(path.join(ROOT, "bootstrap"));
  const there = (file) => (existsSync(file) ? file : undefined);
  const js = there(`${place}.js`);
  if (js && !isModuleFolder(path.dirname(js))) return require(js);
  const module = js ?? there(`${place}.mjs`);
  if (module) return import(pathToFileURL(module).href);
  const folder = there(place);
  return require(there(`${place}.cjs`) ?? folder ?? require.resolve(name, { paths: [path.dirname(place), ROOT] }));
}

// The error with the line where it is: Node writes that of an ES module to its standard error, and into no stack.
function placed(error, place) {
  const module = [`${place}.js`, `${place}.mjs`].find(existsSync);
  const { stderr } = module && !error.stack.includes(module) ? spawnSync(process.execPath, ["--check", module]) : {};
  const [line] = String(stderr ?? "").split("\n\n");
  if (line.includes(module)) error.stack = `${line}\n${error.stack}`;
  return error;
}

// Whether .js files here are ES modules: what the nearest package.json says
function isModuleFolder(folder) {
  const described = path.join(folder, "package.json");
  if (existsSync(described)) return JSON.parse(readFileSync(described, "utf8")).type === "module";
  const parent = path.dirname(folder);
  return parent !== folder && path.basename(folder) !== "node_modules" && isModuleFolder(parent);
}

// Errors

function named(name, cause) {
  const error = new Error(types.isNativeError(cause) ? cause.message : String(cause));
  if (types.isNativeError(cause)) error.stack = cause.stack;
  error.name = `Runtime.${name}`;
  return error;
}

function asObject(error) {
  if (types.isNativeError(error) || (error?.name && error?.message && error?.stack)) {
    return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

async function tellError(where, what, error) {
  const told = asObject(error);
  process.stderr.write(`${what}\t${JSON.stringify(told)}\n`);
  const kind = told.errorType.replace(/[^\x20-\x7e]/g, "?"); // all that a header can say
  await ask("POST", where, JSON.stringify(told), { "Lambda-Runtime-Function-Error-Type": kind });
}

async function giveUp(error, status) {
  try {
    if (requestId) await tellError(`/invocation/${requestId}/error`, "Uncaught Exception", error);
    else await tellError("/init/error", "Init Error", error);
  } finally {
    process.exit(status);
  }
}

// The Runtime API

function ask(method, what, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const request = http.request(
      { agent, host: HOST, port: PORT, method, path: RUNTIME + what, headers: { ...sent, ...headers } },
      (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ headers: response.headers, body: Buffer.concat(parts).toString("utf8") });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}
