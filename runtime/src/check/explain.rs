//! The long explanation of every problem code, with an example that provokes it. `pipewright explain CODE` and the problems panel show it.

/// One problem code.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// `PW` and three digits.
    pub code: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Why it is a problem, and what to do.
    pub text: &'static str,
    /// A file that has it; empty where none can be shown.
    pub example: &'static str,
}

/// The explanation of a code.
pub fn explain(code: &str) -> Option<&'static Explanation> {
    TABLE.iter().find(|entry| entry.code == code)
}

const fn code(code: &'static str, title: &'static str, text: &'static str, example: &'static str) -> Explanation {
    Explanation { code, title, text, example }
}

/// Every code there is, in order: `PW1..` the file's text, `PW2..` settings, `PW3..` wiring, `PW4..` cycles, `PW5..` expectations, `PW6..` starting a run, `PW8..` composites, `PW9..` advice.
pub static TABLE: &[Explanation] = &[
    code(
        "PW101",
        "The file is no text",
        "Graph files are texts in UTF-8. This file has bytes that are no UTF-8, so it is probably something else: a picture, a compressed \
         file, or a text in another encoding. Nothing of it was read, and it will not be saved over. If it is a graph in another encoding, \
         convert it with an editor.",
        "",
    ),
    code(
        "PW102",
        "The file is too large",
        "A graph file may have 64 MiB, eight million words and signs, and 200,000 nodes, so that a stranger's file cannot fill the memory. What lies beyond was not read, \
         and the file will not be saved over. Keep data in files of their own beside the graph, and split a graph this large into several.",
        "",
    ),
    code(
        "PW103",
        "The text is torn",
        "A bracket, a text in quotes or a comment begins and never ends, or a bracket closes what was never opened. What could be understood is shown, \
         but where things begin and end was guessed, so the file opens read-only and will not be saved over. The \
         place named is where the unclosed thing begins; the mistake lies there or further down. Half a file, after a broken copy, looks like this too: \
         the version before the last save lies beside it as `NAME.ron~`.",
        "(format: 1, nodes: {\"done\": sink(})",
    ),
    code(
        "PW104",
        "Something stands where it cannot stand",
        "The text is no RON at this place: a sign too many, a comma or a name missing. The entry around it is kept as text and written back as it is, and \
         everything else is read. Mend it in the file.",
        "(format: 1, nodes: {\"done\": sink(target: count file)})",
    ),
    code(
        "PW105",
        "Values nest too deep",
        "Lists, maps and records may stand in each other up to 64 levels deep. No setting needs that; such a value is kept as text and does not run.",
        "(format: 1, nodes: {\"done\": sink(x: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]])})",
    ),
    code(
        "PW106",
        "Unknown section",
        "A graph file has the sections `format`, `title`, `settings`, `nodes`, `pipes`, `expect` and `layout`. Another one is probably a slip of the pen, or of a \
         newer program. It has no effect, and is written back as it stands.",
        "(format: 1, nodez: {\"done\": sink()})",
    ),
    code(
        "PW107",
        "The format is missing or not known",
        "`format: 1` says by which rules the file is read. Older formats are brought up to date while reading. A newer one opens read-only: parts of it may mean \
         something that this program cannot know, so it neither runs nor is saved over. Without `format` the file is taken to be of the current one.",
        "(format: 99, nodes: {})",
    ),
    code(
        "PW108",
        "No sound node id",
        "A node's id is a short word, apart from its title: a letter, then letters (a to z), digits, `_` or `-`, up to 120 in all. Inside composites ids are paths, with `/` \
         between the parts. The title may be any text. The entry is kept as text and does not run.",
        "(format: 1, nodes: {\"2 fast\": queue()})",
    ),
    code(
        "PW109",
        "Something is there twice",
        "Two nodes with one id, two pipes between the same two ports, or one section twice. The first counts; the second is kept as text and does not run, so \
         nothing is lost. Give it another id, or remove it.",
        "(format: 1, nodes: {\"work\": queue(), \"work\": sink()})",
    ),
    code(
        "PW110",
        "This names no pipe",
        "A pipe is written as \"node.port -> node.port\": from an output to an input. With settings it is written as (pipe: \"work.out -> pool.in\", capacity: 64). \
         The entry is kept as text and does nothing.",
        "(format: 1, nodes: {\"work\": queue(), \"done\": sink()}, pipes: [\"work -> done\"])",
    ),
    code(
        "PW111",
        "The layout says something that has no effect",
        "The layout section says where nodes stand, how pipes bend, and holds frames and notes. This entry names something that is not there, or is not of the right form. It is \
         kept as it stands. Nothing in the layout changes how a graph runs.",
        "(format: 1, nodes: {\"done\": sink()}, layout: (nodes: {\"gone\": (40, 80)}))",
    ),
    code(
        "PW112",
        "This is not a graph",
        "A graph file holds one record in round brackets: (format: 1, nodes: {...}, pipes: [...]). This text is something else. It will not be saved over.",
        "[1, 2, 3]",
    ),
    code(
        "PW113",
        "No sound number or text",
        "A number is written as `7`, `-2.5`, `1e6` or `0xff`; whole numbers have up to 64 bits. Quantities with a unit are texts: \"250 ms\", \"200/s\", \"64 KiB\". Texts know the \
         escapes `\\n`, `\\t`, `\\\"`, `\\\\` and `\\u{20ac}`; in r#\"...\"# nothing is escaped.",
        "(format: 1, nodes: {\"done\": sink(x: 250ms)})",
    ),
    code(
        "PW114",
        "Too many problems",
        "Of one file at most a thousand problems are told. Mend the first ones; the rest often follows from them.",
        "",
    ),
    code(
        "PW115",
        "Not of the expected form",
        "A section or a node is written in another form than is expected here: nodes are a map of ids to kinds with settings, pipes are a list, the title is a text. It is kept as it \
         stands and does not run.",
        "(format: 1, nodes: [\"done\"])",
    ),
    code(
        "PW201",
        "A setting is missing",
        "This setting has no default, because no value would be right for most: the file to read, for example. Set it in the inspector or in the file.",
        "(format: 1, nodes: {\"g\": generator(rate: \"5/s\"), \"done\": sink(target: file)}, pipes: [\"g.out -> done.in\"])",
    ),
    code(
        "PW202",
        "A value does not fit its setting",
        "The value is of another sort than the setting takes, cannot be read, or lies outside its limits. Spans of time, rates and sizes carry their unit and stand in quotes: \"250 ms\", \
         \"12/min\", \"64 KiB\". `pipewright kinds NAME` lists the settings of a kind with their limits.",
        "(format: 1, nodes: {\"g\": generator(rate: 5), \"done\": sink()}, pipes: [\"g.out -> done.in\"])",
    ),
    code(
        "PW203",
        "An expression cannot be understood",
        "The text of an expression, a jq program or a template has a mistake at the place named, or uses a name that does not exist. Expressions are compiled \
         when the graph is checked, so that such mistakes show before a message comes.",
        "(format: 1, nodes: {\"g\": generator(key: \"message.region +\"), \"done\": sink()}, pipes: [\"g.out -> done.in\"])",
    ),
    code(
        "PW204",
        "Unknown kind of node",
        "This program has no kind of node of this name; it is a slip of the pen, or of a newer program. The node is kept with all its settings, but the graph cannot run with it. \
         `pipewright kinds` lists what there is.",
        "(format: 1, nodes: {\"g\": generater()})",
    ),
    code(
        "PW205",
        "Unknown setting",
        "The node's kind has no setting of this name. The setting is kept and has no effect, so probably something else happens than was meant.",
        "(format: 1, nodes: {\"g\": generator(raet: \"5/s\"), \"done\": sink()}, pipes: [\"g.out -> done.in\"])",
    ),
    code(
        "PW206",
        "A node is kept as text",
        "The file's entry for this node could not be read; it is shown on the canvas, written back as it stands, and cannot run. Mend the entry in the file and open it again, or remove \
         the node.",
        "(format: 1, nodes: {\"done\": sink(target: count file)})",
    ),
    code(
        "PW207",
        "Settings that do not go together",
        "Each setting alone is in order, but together they make no sense for this kind. The message says which rule of the kind is broken.",
        "(format: 1, nodes: {\"g\": generator(arrivals: profile, profile: []), \"done\": sink()}, pipes: [\"g.out -> done.in\"])",
    ),
    code(
        "PW208",
        "A setting of the graph is wrong",
        "The graph as a whole has the settings `seed` (a whole number from 0 on; the same seed gives the same simulation) and `starts_at` (the calendar time at which a simulation begins, in \
         UTC, as \"2026-01-01T00:00:00Z\"). Unknown ones are kept and have no effect.",
        "(format: 1, settings: (seed: -1))",
    ),
    code(
        "PW209",
        "Unknown setting of a pipe",
        "A pipe has the settings `capacity`, how many messages it holds, `capacity_bytes`, how many bytes, and `time_to_live`, how long a message may be in it. Unknown ones are kept and have no effect.",
        "(format: 1, nodes: {\"g\": generator(), \"done\": sink()}, pipes: [(pipe: \"g.out -> done.in\", capacitty: 9)])",
    ),
    code(
        "PW210",
        "A pipe's capacity is wrong",
        "A pipe holds at least one message: with a capacity of 1 the sender waits until each message is taken. There is no unbounded pipe, for everything has a bound; a queue is the place to \
         keep many messages.",
        "(format: 1, nodes: {\"g\": generator(), \"done\": sink()}, pipes: [(pipe: \"g.out -> done.in\", capacity: 0)])",
    ),
    code(
        "PW211",
        "A pipe's capacity is very large",
        "Pipes are bounded so that an overload shows: the pipe fills, the sender waits, the cause is found. A pipe of millions hides it for hours, and holds the memory meanwhile. Keep waiting \
         messages in a queue, which counts them, orders them and drops them as told.",
        "(format: 1, nodes: {\"g\": generator(), \"done\": sink()}, pipes: [(pipe: \"g.out -> done.in\", capacity: 5000000)])",
    ),
    code(
        "PW215",
        "A setting that there is not, as things are chosen",
        "Another setting of the node decides what there is: a queue by the rules of a broker has the settings of that broker and no others, since the real one would refuse them or heed them not. The hint says \
         why, and what there is instead. Take the setting out, or choose other rules.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"q\": queue(rules: redis_streams, max_deliveries: 3), \"p\": consumer_pool()}, \
         pipes: [\"g.out -> q.in\", \"q.out -> p.in\"])",
    ),
    code(
        "PW301",
        "A pipe leads to a node that is not there",
        "One end of this pipe names a node that the graph does not have; perhaps it was renamed or removed by hand. The pipe is kept, but the graph cannot run.",
        "(format: 1, nodes: {\"g\": generator()}, pipes: [\"g.out -> ghost.in\"])",
    ),
    code(
        "PW302",
        "No such port",
        "The node has no port of this name. Ports can depend on settings: a route has one output for each of its rules.",
        "(format: 1, nodes: {\"g\": generator(), \"done\": sink()}, pipes: [\"g.exit -> done.in\"])",
    ),
    code(
        "PW303",
        "A pipe is drawn the wrong way round",
        "A pipe begins at an output and ends at an input: \"sender.out -> receiver.in\". The port named is of the other sort.",
        "(format: 1, nodes: {\"g\": generator(), \"work\": queue()}, pipes: [\"work.in -> g.out\"])",
    ),
    code(
        "PW304",
        "Ports that carry different things",
        "Control ports carry commands between schedulers, agents and supervisors, and go together only with each other; message and error ports carry messages.",
        "",
    ),
    code(
        "PW305",
        "A port that must be wired is not",
        "Without a pipe into its input a node gets no messages; without a pipe out of its output it has nowhere to send them, and soon stands still. Error outputs may stay open: what \
         fails then goes to the graph's own dead letters.",
        "(format: 1, nodes: {\"g\": generator()})",
    ),
    code(
        "PW306",
        "Several pipes leave an output that takes one",
        "What should happen to a message with two ways to go? Say it with a node: a topic copies it to every subscription, a queue gives it to one of several consumers, a route chooses by content.",
        "(format: 1, nodes: {\"g\": generator(), \"a\": sink(), \"b\": sink()}, pipes: [\"g.out -> a.in\", \"g.out -> b.in\"])",
    ),
    code(
        "PW307",
        "A topic leads to something else than a subscription",
        "A topic never waits for anybody: each subscription has a buffer and decides what happens when it is full. So between a topic and a receiver stands a subscription. Drawn on \
         the canvas, it is put in by itself.",
        "(format: 1, nodes: {\"g\": generator(), \"t\": topic(), \"done\": sink()}, pipes: [\"g.out -> t.in\", \"t.out -> done.in\"])",
    ),
    code(
        "PW308",
        "A subscription hangs on something else than a topic",
        "A subscription takes copies from a topic. To keep messages from anything else, use a queue.",
        "(format: 1, nodes: {\"g\": generator(), \"s\": subscription(), \"done\": sink()}, pipes: [\"g.out -> s.in\", \"s.out -> done.in\"])",
    ),
    code(
        "PW309",
        "A node sends to itself",
        "The pipe begins and ends at the same node: as soon as it is full, the node waits for itself, for ever. Put a node into the way back, such as a queue.",
        "(format: 1, nodes: {\"p\": consumer_pool()}, pipes: [\"p.out -> p.in\"])",
    ),
    code(
        "PW311",
        "No message ever comes here",
        "No way leads from any source to this node, though it is wired: it stands on a cycle or behind one that nothing enters.",
        "(format: 1, nodes: {\"g\": generator(), \"done\": sink(), \"a\": queue(), \"b\": consumer_pool()}, \
         pipes: [\"g.out -> done.in\", \"a.out -> b.in\", \"b.out -> a.in\"])",
    ),
    code(
        "PW312",
        "Nothing makes messages",
        "The graph has nodes, but none that makes messages: no generator, no file source, nothing of the family Publish. It would run and do nothing.",
        "(format: 1, nodes: {\"work\": queue(), \"done\": sink()}, pipes: [\"work.out -> done.in\"])",
    ),
    code(
        "PW401",
        "A cycle that can stand still",
        "Every pipe of this cycle waits when it is full. If more comes in than goes out, all its pipes fill, each node waits for the next one, and none moves again. Such a standstill is \
         found while running and told of; a queue (or a topic with a subscription) in the cycle prevents it, because it takes messages while nobody fetches any.",
        "(format: 1, nodes: {\"a\": consumer_pool(), \"b\": consumer_pool()}, pipes: [\"a.out -> b.in\", \"b.out -> a.in\"])",
    ),
    code(
        "PW501",
        "An expectation that cannot be judged",
        "The section `expect` says what must hold when the graph has run. This entry makes a claim that there is not, names a node, pipe or figure that is not there, or has an argument that \
         cannot be read. The graph runs all the same, and the expectation then counts as broken: a slip of the pen must not pass for success.",
        "(format: 1, nodes: {\"g\": generator(), \"done\": sink()}, pipes: [\"g.out -> done.in\"], expect: {\"all arrive\": at_least(of: \"nodes.dne.in\", value: 1)})",
    ),
    code(
        "PW601",
        "The durable store cannot be opened",
        "A queue, a subscription or dead letters of this graph are durable: their messages lie in the file `durable.db` in the folder `NAME.out` beside the graph. The run did not start, because that          file cannot be used. Usually another run of the same graph has it open, in another window or on a command line: a durable store belongs to one run at a time. End that run, or copy the graph.          Else the folder cannot be written, the file is damaged, or a newer version of the program has written it; nothing in it was touched.",
        "",
    ),
    code(
        "PW701",
        "The run has not been allowed to do this",
        "A graph file is a stranger's program. Opening, checking and simulating it touch nothing but its own folder. A live run that would start a program, connect somewhere, accept connections, read outside the \
         graph's folder, write outside its output folder or read an environment variable does so only if its user has said yes to the exact thing: in the window when it asks, on the command line with \
         --allow, as the problem spells it out. Say yes only if you know what the graph is for; a program that is started has all the rights that you have.",
        "(format: 1, nodes: {\"f\": file_source(path: \"/srv/prices.jsonl\"), \"done\": sink()}, pipes: [\"f.out -> done.in\"])",
    ),
    code(
        "PW801",
        "A port of a composite leads nowhere",
        "A composite shows some ports of the nodes inside it under names of its own: `ports: {\"in\": \"work.in\"}`. This one names a node or a port that is not inside, twice the same, or has a name that a \
         port cannot have. In a file that composites use, the section `ports` says the same.",
        "(format: 1, nodes: {\"c\": composite(ports: {\"in\": \"ghost.in\"}), \"c/s\": sink()})",
    ),
    code(
        "PW802",
        "A pipe crosses the border of a composite",
        "What is inside a composite is reached through its ports alone, so that it can be looked at by itself, saved as a file and used again. Give the composite a port, and let the pipe end there.",
        "(format: 1, nodes: {\"g\": generator(), \"c\": composite(), \"c/s\": sink()}, pipes: [\"g.out -> c/s.in\"])",
    ),
    code(
        "PW803",
        "A used file cannot be read",
        "A composite with `use` takes its content from another graph file, named from the folder of the file that uses it. It must lie in that folder or below, so that the whole can be moved and sent on, and it must be \
         readable without errors.",
        "(format: 1, nodes: {\"c\": composite(use: \"../elsewhere.ron\")})",
    ),
    code(
        "PW804",
        "Files that use each other in a circle",
        "A file that uses itself, through others too, would hold itself without end. The message lists the files of the circle.",
        "",
    ),
    code(
        "PW805",
        "Composites too deep or too large",
        "Composites nest up to eight deep, a path has up to 120 letters, and a graph with its used files up to 200,000 nodes, so that a stranger's file cannot fill the memory: ten files that use each other \
         ten times over would be ten thousand million nodes.",
        "(format: 1, nodes: {\"a\": composite(), \"a/a\": composite(), \"a/a/a\": composite(), \"a/a/a/a\": composite(), \"a/a/a/a/a\": composite(), \"a/a/a/a/a/a\": composite(), \
         \"a/a/a/a/a/a/a\": composite(), \"a/a/a/a/a/a/a/a\": composite(), \"a/a/a/a/a/a/a/a/a\": composite()})",
    ),
    code(
        "PW806",
        "Nothing inside to be set",
        "A composite that uses a file can give nodes in it other settings: `set: {\"pool.servers\": 8}`. This entry names no node of that file.",
        "",
    ),
    code(
        "PW807",
        "Content of its own and of a file",
        "A composite has either content of its own, with its ports, or that of a file, whose ports it has. This one has both.",
        "(format: 1, nodes: {\"c\": composite(use: \"c.ron\"), \"c/s\": sink()})",
    ),
    code(
        "PW808",
        "Two pipes become one",
        "Without the borders of composites, this pipe and another one join the same two ports. Two pipes never do. Most often a composite shows one port twice.",
        "(format: 1, nodes: {\"g\": generator(), \"c\": composite(ports: {\"a\": \"s.in\", \"b\": \"s.in\"}), \"c/s\": sink()}, pipes: [\"g.out -> c.a\", \"g.out -> c.b\"])",
    ),
    code(
        "PW809",
        "A part does not run by itself",
        "A file with a section `ports` is a part: some of its inputs and outputs are wired only where a composite uses it. It can be checked and changed, but to see it run, run a graph that uses it, or take the section out.",
        "",
    ),
    code(
        "PW901",
        "The queue must grow",
        "More messages come in than the consumers can finish. The mean number of busy servers is arrival rate × mean service time (Little's law); where that reaches the number of servers, the \
         queue grows without end, or until its capacity is reached and its rule for a full queue applies. Add servers, make the work shorter, or let less in. Even a little below that point waits \
         are long: with Poisson arrivals and exponential service, one server at load 0.9 means nine messages waiting or in work for each one at load 0.5.",
        "(format: 1, nodes: {\"g\": generator(rate: \"400/s\"), \"work\": queue(), \"p\": consumer_pool(servers: 4, service: \"20 ms\")}, \
         pipes: [\"g.out -> work.in\", \"work.out -> p.in\"])",
    ),
    code(
        "PW902",
        "Failures without a place to go",
        "The consumers of this queue can fail, and a message that fails too often becomes a dead letter; but the queue's output for them is not wired. They are not lost: the graph's own dead letters \
         keep them, together with those of all other nodes. Wire the output to dead letters of its own to see them apart and to send them back.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"work\": queue(), \"p\": consumer_pool(failure_share: 0.1)}, \
         pipes: [\"g.out -> work.in\", \"work.out -> p.in\"])",
    ),
    code(
        "PW903",
        "The lock is shorter than the work",
        "A queue locks a message while a consumer works on it. When the lock ends first, the queue takes the consumer for dead and hands the message out again: the work is done twice or more, \
         and the first consumer's acknowledgement comes too late to count. After the most deliveries the message even becomes a dead letter, though nothing failed. Make the lock longer than the longest \
         work, not just the mean.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/h\"), \"work\": queue(lock: \"10 s\"), \"p\": consumer_pool(service: \"1 min\")}, \
         pipes: [\"g.out -> work.in\", \"work.out -> p.in\"])",
    ),
    code(
        "PW904",
        "Order by a key that nobody sets",
        "This queue or subscription keeps the order of messages with the same key, but no source and no map before it sets a key. Messages without a key are in no order, so nothing is kept. Set the \
         key where messages are made, or keep the order of all.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"work\": queue(in_order: by_key), \"p\": consumer_pool()}, \
         pipes: [\"g.out -> work.in\", \"work.out -> p.in\"])",
    ),
    code(
        "PW905",
        "Order expected behind competing consumers",
        "The graph expects messages of one key in order, and before the place where it looks several consumers of one queue work at the same time: whoever is quick overtakes whoever is slow, and what \
         fails comes again later. With n consumers, any of the n messages under work may be the first to leave. Let the queue keep the order by key, use one server, or put the order right again with a resequencer.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"work\": queue(), \"p\": consumer_pool(servers: 3), \"done\": sink()}, \
         pipes: [\"g.out -> work.in\", \"work.out -> p.in\", \"p.out -> done.in\"], expect: {\"in order\": order_per_key(at: \"done\")})",
    ),
    code(
        "PW906",
        "The window of deduplication is too short",
        "A message that fails comes again, and again, until it is given up. From its first delivery to its last pass all the delays together; a duplicate can come as late as that. A window that is over \
         before takes it for new, and its effect happens twice. Make the window longer than the sum of all delays.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"work\": queue(retry: fixed, retry_delay: \"1 min\"), \"p\": consumer_pool(), \"once\": deduplicate(window: \"10 s\"), \
         \"done\": sink()}, pipes: [\"g.out -> work.in\", \"work.out -> p.in\", \"p.out -> once.in\", \"once.out -> done.in\"])",
    ),
    code(
        "PW907",
        "Retries multiply",
        "A step tries several times by itself, and behind its back the queue delivers the message several times too. The numbers multiply: five attempts for each of ten deliveries are fifty. When what the \
         step calls is down, all copies of the step strike it that often. Try again in one place only.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"work\": queue(), \"call\": step(attempts: 5), \"done\": sink()}, \
         pipes: [\"g.out -> work.in\", \"work.out -> call.in\", \"call.out -> done.in\"])",
    ),
    code(
        "PW908",
        "A subscription that nothing matches",
        "All topics that are published here are known, and the pattern of this subscription matches none of them: it will never get a message. Often it is a separator: MQTT divides levels with `/`, NATS and AMQP \
         with `.`; or `>` in NATS, which does not match the level above.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\", topic: \"orders/eu\"), \"t\": topic(), \"u\": subscription(pattern: \"orders.eu\"), \"done\": sink()}, \
         pipes: [\"g.out -> t.in\", \"t.out -> u.in\", \"u.out -> done.in\"])",
    ),
    code(
        "PW909",
        "A pipe that must fill",
        "More messages come into this pipe than its receiver can take out, so it fills, however large it is: after capacity / (arrivals − what is taken) seconds. From then on the sender waits. By Little's law the mean number under \
         work is rate × time; give the receiver as many copies, or let less in.",
        "(format: 1, nodes: {\"g\": generator(rate: \"400/s\"), \"slow\": step(time: \"20 ms\"), \"done\": sink()}, \
         pipes: [\"g.out -> slow.in\", \"slow.out -> done.in\"])",
    ),
    code(
        "PW910",
        "A claim that ends before its message",
        "The payload is thrown away when the claim's time to live is over, but a queue between check-in and check-out may keep the message, or deliver it again, for longer than that. Who fetches the payload then finds \
         a reference and nothing behind it: the message ends as `claim_expired`. The claim must live longer than the message's time to live and than all its deliveries together.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"in\": check_in(time_to_live: \"1 min\"), \"work\": queue(time_to_live: \"1 h\"), \"out\": check_out(), \"done\": sink()}, \
         pipes: [\"g.out -> in.in\", \"in.out -> work.in\", \"work.out -> out.in\", \"out.out -> done.in\"])",
    ),
    code(
        "PW911",
        "Poison that goes round for ever",
        "Some work at this consumer always fails, and by the rules of its queue nobody ever gives such a message up: JetStream delivers again without a limit unless `max_deliveries` is set, Redis has no limit at all, and \
         RabbitMQ does not count what is given back by a nack. What comes back goes first, so each poison message takes the time of one consumer for good.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"q\": queue(rules: jetstream), \"p\": consumer_pool(poison: \"message.bad\")}, \
         pipes: [\"g.out -> q.in\", \"q.out -> p.in\"])",
    ),
    code(
        "PW912",
        "A failure that comes back in no time",
        "Behind this queue stands a node that takes no time, and whose failures go back to the queue. By its rules the queue hands them out again at once, as often as they fail: JetStream does so unless `max_deliveries` is \
         set, since its `backoff` is for what is never settled. A real consumer would do that as fast as its line goes; a simulation, in which no time passes, ends with an error that names the circle. Wire the error output, \
         limit the deliveries, or let a retry delay pass.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"q\": queue(rules: jetstream), \"f\": filter(condition: \"message.n / message.m > 1\"), \"done\": sink()}, \
         pipes: [\"g.out -> q.in\", \"q.out -> f.in\", \"f.out -> done.in\"])",
    ),
    code(
        "PW913",
        "A payload that begins like JSON and is none",
        "The payload begins with `{` or `[`, but what the template makes cannot be read as JSON: a bracket or a quote is missing, or a name stands without quotes. It travels as text. Expressions that look into it fail, \
         so that filters and maps reject every message.",
        "(format: 1, nodes: {\"g\": generator(rate: \"1/s\", payload: \"{ \\\"n\\\": {{index}}\"), \"done\": sink()}, pipes: [\"g.out -> done.in\"])",
    ),
];

#[cfg(test)]
mod tests;
