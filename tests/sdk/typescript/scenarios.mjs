// What users of the official TypeScript client do, each story by its name, against a running server.
//
//     node scenarios.mjs HOST KEY NAME      plays one; the exit code says how it ended
//     node scenarios.mjs --list             names them

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Humanloop, HumanloopError } from "humanloop";

const [host, key, wanted] = process.argv.slice(2);
const client = host === "--list" ? null : new Humanloop({ apiKey: key, basePath: `${host}/v4` });

const name = (part) => `${part} ${randomUUID()}`;

async function registered(project, settings = {}) {
  const config = { provider: "mock", model: "gpt-4o", prompt_template: "Hello {{name}}!", ...settings };
  return (await client.modelConfigs.register({ project, ...config })).data;
}

const saying = (project, text) => registered(project, { prompt_template: "Go on.", other: { mock: { text } } });

async function refused(status, call) {
  const error = await call().then(
    () => assert.fail(`not refused with ${status}`),
    (raised) => raised,
  );
  assert.ok(error instanceof HumanloopError, String(error));
  assert.equal(error.status, status, JSON.stringify(error.responseBody));
  return error.responseBody.detail;
}

// The client takes events apart and strings their JSON together without anything between.
async function pieces(answer) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of answer.data) text += decoder.decode(part, { stream: true });
  return text
    .split(/(?<=\})(?=\{"output")/)
    .filter(Boolean)
    .map((each) => JSON.parse(each));
}

// Something that comes a moment later.
async function eventually(look) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail("it never came");
}

async function logs(project_id) {
  return (await client.logs.list({ projectId: project_id })).data.records;
}

const scenarios = {
  async a_deployed_completion() {
    const project = name("project");
    const config = await registered(project);
    const { status, data } = await client.completeDeployed({
      project,
      inputs: { name: "Ada" },
      user: "user-1",
      metadata: { page: 3 },
      session_reference_id: name("session"),
    });
    assert.equal(status, 200);
    assert.match(data.data[0].output, /Hello Ada!/);
    assert.deepEqual(data.data[0].inputs, { name: "Ada" });
    assert.equal(data.data[0].finish_reason, "stop");
    assert.equal(data.data[0].model_config_id, config.config.id);
    assert.equal(data.user, "user-1");
    assert.deepEqual(data.metadata, { page: 3 });
    assert.ok(data.session_id);
    const [log] = await logs(config.project_id);
    assert.equal(log.id, data.data[0].id);
    assert.equal(log.session_id, data.session_id);
  },

  async several_samples() {
    const project = name("project");
    await saying(project, ["one", "two", "three"]);
    const { data } = await client.completeDeployed({ project, num_samples: 3 });
    assert.deepEqual(data.data.map((each) => each.index), [0, 1, 2]);
    assert.equal(new Set(data.data.map((each) => each.id)).size, 3);
  },

  async a_stream_of_many_alphabets() {
    const project = name("project");
    const said = 'Grüße, "data: you" \u{1F469}\u200D\u{1F680} 漢字 {"output"} end.';
    const config = await saying(project, said);
    const came = await pieces(await client.completeDeployedStream({ project }));
    assert.ok(came.length > 1);
    assert.equal(came.map((each) => each.output).join(""), said);
    assert.equal(new Set(came.map((each) => each.id)).size, 1);
    assert.deepEqual(came.map((each) => each.finish_reason).filter(Boolean), ["stop"]);
    assert.equal(came.at(-1).finish_reason, "stop");
    assert.ok(came.every((each) => each.project_id === config.project_id));
    const [log] = await logs(config.project_id);
    assert.equal(log.output, said);
  },

  async a_completion_past_the_server() {
    // The client fetches what is deployed, calls the vendor itself (OPENAI_BASE_URL), and logs what came.
    const project = name("project");
    const settings = { provider: "openai", model: "gpt-4", prompt_template: "Repeat: {{text}}" };
    const { project_id, config } = await registered(project, settings);
    const answer = await client.completeDeployedNoProxy({ project_id, inputs: { text: "polly" } });
    assert.equal(answer.data[0].output, "polly");
    const [log] = await eventually(async () => {
      const found = await logs(project_id);
      return found.length ? found : null;
    });
    assert.equal(log.output, "polly");
    assert.deepEqual(log.inputs, { text: "polly" });
    assert.deepEqual(log.metadata, { noProxy: true });
    assert.equal(log.config.id, config.id);
    process.exit(0); // the client's timer, which looks for new deployments, would keep the process
  },

  async deploying_to_an_environment() {
    const project = name("project");
    const first = await registered(project);
    const second = await registered(project, { temperature: 0.5 });
    const id = first.project_id;
    const active = (await client.projects.getActiveConfig({ id })).data;
    assert.equal(active.config.id, first.config.id);
    const [deployed] = (await client.projects.listDeployedConfigs({ id })).data;
    assert.equal(deployed.environment_name, "production");
    await client.projects.deployConfig({
      projectId: id,
      config_id: second.config.id,
      environments: [{ id: deployed.environment_id }],
    });
    const { data } = await client.completeDeployed({ project, environment: "production", inputs: { name: "Bo" } });
    assert.equal(data.data[0].model_config_id, second.config.id);
    const configs = (await client.projects.listConfigs({ id })).data.map((each) => each.config.id);
    assert.deepEqual(new Set(configs), new Set([first.config.id, second.config.id]));
    await client.projects.deactivateConfig({ id });
    const detail = await refused(400, () => client.completeDeployed({ project, inputs: { name: "Bo" } }));
    assert.match(detail.message, /production/);
  },

  // No Python client sends the last two: 0.7.0 refuses them by a rule of its own, 0.7.35 does not know them.
  async logs_of_tools_agents_and_anything_else() {
    const tool = { type: "tool", name: "weather", parameters: { type: "object" } };
    const generic = { type: "generic", name: "ranker", other: { top: 3 } };
    const agent = { type: "agent", agent_class: "planner", model_config: { model: "gpt-4o" }, tools: [tool] };
    const project = name("project");
    let project_id;
    for (const config of [tool, generic, agent]) {
      const { data: kept } = await client.log({ project, config, output: "done" });
      project_id = kept.project_id;
      const [log] = await logs(project_id);
      assert.equal(log.id, kept.id);
      assert.equal(log.config.type, config.type);
      assert.equal(log.config.id, log.config_id);
    }
    const { data: configs } = await client.projects.listConfigs({ id: project_id });
    const [shownAgent, shownGeneric, shownTool] = configs.map((each) => each.config);
    assert.deepEqual([shownTool.name, shownTool.parameters], ["weather", tool.parameters]);
    assert.deepEqual([shownGeneric.name, shownGeneric.other], ["ranker", generic.other]);
    assert.deepEqual([shownAgent.agent_class, shownAgent.model_config.model], ["planner", "gpt-4o"]);
    assert.equal(shownAgent.tools[0].name, "weather");
  },

  async logging_and_feedback() {
    const project = name("project");
    const { project_id, config } = await registered(project);
    const { data: kept } = await client.log({
      project,
      inputs: { name: "Ada" },
      output: "Good day, Ada.",
      config_id: config.id,
      reference_id: name("reference"),
      source: "typescript",
    });
    const { data: rated } = await client.feedback({ type: "rating", value: "good", data_id: kept.id, user: "user-1" });
    assert.equal(rated.data_id ?? rated[0]?.data_id, kept.id);
    const [log] = await logs(project_id);
    assert.equal(log.id, kept.id);
    assert.equal(log.source, "typescript");
    assert.deepEqual(log.feedback.map((each) => [each.type, each.value]), [["rating", "good"]]);
  },

  async a_session_of_two_calls() {
    const project = name("project");
    const { project_id } = await registered(project);
    const { data: session } = await client.sessions.create();
    for (const who of ["Ada", "Bo"]) {
      const { data } = await client.completeDeployed({ project, session_id: session.id, inputs: { name: who } });
      assert.equal(data.session_id, session.id);
    }
    assert.deepEqual(new Set((await logs(project_id)).map((each) => each.session_id)), new Set([session.id]));
    assert.equal((await client.sessions.get({ id: session.id })).data.id, session.id);
  },

  async an_experiment() {
    const project = name("project");
    const control = await registered(project);
    const rival = await registered(project, { temperature: 0.2 });
    const projectId = control.project_id;
    const arms = [control.config.id, rival.config.id];
    const { data: experiment } = await client.experiments.create({
      projectId,
      name: "Which one?",
      positive_labels: [{ type: "rating", value: "good" }],
      config_ids: arms,
      set_active: true,
    });
    const met = new Set();
    for (let number = 0; number < 24; number += 1) {
      const call = { project, user: `user-${number}`, inputs: { name: "Ada" } };
      const { data: once } = await client.completeDeployed(call);
      const { data: again } = await client.completeDeployed(call);
      assert.equal(again.data[0].model_config_id, once.data[0].model_config_id);
      met.add(once.data[0].model_config_id);
    }
    assert.deepEqual(met, new Set(arms));
    const [listed] = (await client.experiments.list({ projectId })).data;
    assert.equal(listed.id, experiment.id);
    const { data: sampled } = await client.experiments.sample({ experimentId: experiment.id });
    assert.ok(arms.includes(sampled.config.id) && sampled.trial_id);
    await client.projects.deactivateExperiment({ id: projectId });
    await client.experiments.delete({ experimentId: experiment.id });
  },

  async a_chat_that_calls_a_tool() {
    const project = name("project");
    const tool = { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } };
    const { project_id } = await registered(project, {
      prompt_template: undefined,
      chat_template: [{ role: "system", content: "You are {{who}}." }],
      tools: [tool],
      other: { mock: { tool_calls: [{ name: "get_weather", arguments: { city: "Paris" } }] } },
    });
    const user = { role: "user", content: "What is the weather?" };
    const call = { project, inputs: { who: "Ada" }, messages: [user], tool_choice: "auto" };
    const [sample] = (await client.chatDeployed(call)).data.data;
    assert.equal(sample.finish_reason, "tool_call");
    assert.deepEqual(sample.tool_calls[0].function, { name: "get_weather", arguments: '{"city":"Paris"}' });
    const reply = { role: "tool", tool_call_id: sample.tool_calls[0].id, content: "Rain." };
    const { data } = await client.chatDeployed({ ...call, messages: [user, sample.output_message, reply] });
    assert.match(data.data[0].output, /Rain\./);
    assert.deepEqual(data.data[0].messages.map((each) => each.role), ["system", "user", "assistant", "tool"]);
    const came = await pieces(await client.chatDeployedStream(call));
    const parts = came.flatMap((each) => each.tool_calls ?? []).map((each) => each.function.arguments);
    assert.equal(parts.join(""), '{"city":"Paris"}');
    assert.equal(came.at(-1).finish_reason, "tool_call");
    assert.equal((await logs(project_id)).length, 3);
  },

  async configs_of_the_calls_own() {
    const project = name("project");
    const messages = [{ role: "user", content: "Hi" }];
    const call = { project, messages, model_config: { provider: "mock", model: "gpt-4o" } };
    const { data: first } = await client.chat(call);
    const again = await pieces(await client.chatStream(call));
    const id = first.data[0].model_config_id;
    assert.ok(again.every((each) => each.model_config_id === id));
    const { data: named } = await client.chatModelConfiguration({ project, messages, model_config_id: id });
    assert.equal(named.data[0].output, first.data[0].output);
    const prompt = { provider: "mock", model: "gpt-4o", prompt_template: "Hi" };
    const { data: completed } = await client.complete({ project, model_config: prompt });
    assert.match(completed.data[0].output, /You said: Hi/);
    const configs = (await client.projects.listConfigs({ id: first.project_id })).data;
    assert.equal(configs.length, 2);
    await refused(400, () => client.chatDeployed({ project, messages }));
  },

  async projects_by_name() {
    const made = (await client.projects.create({ name: `${name("folder")}/a b` })).data;
    const found = (await client.projects.list({ filter: made.name })).data;
    assert.deepEqual(found.records.map((each) => each.id), [made.id]);
    const renamed = name("renamed");
    assert.equal((await client.projects.update({ id: made.id, name: renamed })).data.name, renamed);
    assert.equal((await client.projects.get({ id: made.id })).data.name, renamed);
    await client.projects.delete({ id: made.id });
    await refused(404, () => client.projects.get({ id: made.id }));
    assert.notEqual((await client.projects.create({ name: renamed })).data.id, made.id);
  },

  async errors_say_what_to_do() {
    const project = name("project");
    await registered(project);
    const missing = await refused(422, () => client.completeDeployed({ project, inputs: {} }));
    assert.match(JSON.stringify(missing), /name/);
    const nowhere = await refused(404, () =>
      client.completeDeployed({ project, environment: "nowhere", inputs: { name: "Ada" } }),
    );
    assert.match(nowhere.message, /production/);
    const stranger = new Humanloop({ apiKey: "hl_sk_nobody", basePath: `${host}/v4` });
    await refused(401, () => stranger.projects.list({}));
  },
};

if (host === "--list") console.log(JSON.stringify(Object.keys(scenarios)));
else await scenarios[wanted]();
