// Peer E: Node with the AI SDK's streamText as a UI message stream; stores nothing.
// `node e_ai_sdk.mjs <port> <upstream port>`, with `ai` and `@ai-sdk/openai-compatible` resolvable from the file.
import { createServer } from "node:http";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const provider = createOpenAICompatible({
  name: "bench",
  apiKey: "bench",
  baseURL: `http://127.0.0.1:${upstreamPort}/v1`,
});

async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

const server = createServer(async (request, response) => {
  const { prompt } = await readBody(request);
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const result = streamText({ model: provider("bench"), prompt, maxRetries: 0, abortSignal: gone.signal });
  result.pipeUIMessageStreamToResponse(response);
});
server.listen(port, "127.0.0.1");
