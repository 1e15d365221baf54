//! What the format promises: random graphs come back equal, texts are stable, comments and unknown parts survive, nothing panics.

use super::{read, write};
use crate::graph::node::Comments;
use crate::graph::{Expectation, Frame, FrameId, Graph, Node, Note, NoteId, Pipe, Point};
use crate::id::{End, NodeId, PipeId};
use crate::node::Catalogue;
use crate::setting::{Setting, Settings};
use indexmap::IndexMap;
use proptest::prelude::*;
use std::sync::Arc;

const EMPTY: Catalogue = Catalogue(&[]);

/// A file with something of everything.
const SAMPLE: &str = r##"// About this graph.

(
    format: 1,
    title: "Hello \"there\"", // behind the title
    settings: (seed: 7, starts_at: "2026-01-01T00:00:00Z"),
    /* before
       the nodes */
    nodes: {
        // a comment that survives
        "orders": generator(
            title: "Orders",
            arrivals: poisson, // how they come
            // at this rate
            rate: "2000/s",
            payload: r#"{"id": "{{index}}"}"#,
            profile: [("0 s", "10/s"), ("1 min", "50/s")],
            // and no more
        ),
        "work": queue,
        "workers": consumer_pool(servers: 4, service: exponential(mean: "20 ms")),
        "odd": frobnicator(flux: 3, mode: backwards, nested: [{"a": (1, -2.5, NaN)}]),
        "broken": queue(capacity: 12 13),
        "orders": sink(),
        "9lives": sink(),
        // the end of the nodes
    },
    pipes: [
        "orders.out -> work.in",
        // the fast one
        ("work.out -> workers.in", capacity: 64),
        (pipe: "workers.out->odd.in", colour: "red"),
        "workers.out",
        "orders.out -> ghost.in",
    ],
    expect: {
        // what counts most
        "nothing is lost": no_loss(),
        "fast": at_most(of: "latency.p99_s", /* a lot */ value: "2 s"),
        "torn": at_most(1 2),
        "fast": no_loss(),
        // the end of the expectations
    },
    layout: (
        nodes: {"orders": (40, 80), "work": (300.5, 80), "nobody": (1, 2)},
        bends: {"orders.out -> work.in": [(200, 90), (210, 95)]},
        frames: {1: (title: "Ingest", at: (0, 0), size: (400, 300), colour: blue)},
        notes: {1: (text: "**Note**", at: (0, 400), size: (200, 80))},
    ),
    // not of this version
    experiments: {"a": (until: "1 h")},
)
// after all
"##;

fn codes(text: &str) -> Vec<&'static str> {
    read(text, EMPTY).problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_hand_written_file_reads_and_settles_after_one_writing() {
    let first = read(SAMPLE, EMPTY);
    assert!(!first.read_only);
    let graph = &first.graph;
    assert_eq!((graph.nodes.len(), graph.pipes.len()), (5, 4));
    let orders = &graph.nodes["orders"];
    assert_eq!((orders.title.as_str(), orders.kind.as_str(), orders.position), ("Orders", "generator", Point { x: 40.0, y: 80.0 }));
    assert_eq!(orders.settings["rate"], Setting::text("2000/s"));
    assert_eq!(graph.nodes["broken"].opaque.as_deref(), Some("queue(capacity: 12 13)"));
    assert_eq!(graph.pipes[1].settings["capacity"], Setting::Integer(64));
    assert_eq!(codes(SAMPLE), ["PW104", "PW109", "PW108", "PW110", "PW104", "PW109", "PW111", "PW106"]);
    assert_eq!((graph.expectations.len(), graph.kept.expectations.len()), (2, 2));

    let written = write(graph);
    for kept in [
        "// About this graph.",
        "// behind the title",
        "the nodes */",
        "// a comment that survives",
        "// how they come",
        "// at this rate",
        "// and no more",
        "// the end of the nodes",
        "// the fast one",
        "// what counts most",
        "/* a lot */",
        "\"torn\": at_most(1 2),",
        "\"fast\": no_loss(),",
        "// the end of the expectations",
        "// not of this version",
        "experiments: {\"a\": (until: \"1 h\")}",
        "frobnicator(flux: 3, mode: backwards, nested: [{\"a\": (1, -2.5, NaN)}])",
        "\"orders\": sink(),",
        "\"9lives\": sink(),",
        "\"workers.out\",",
        "\"nobody\": (1, 2)",
        "colour: blue",
        "// after all",
    ] {
        assert_eq!(written.matches(kept).count(), 1, "{kept}\n{written}");
    }
    let second = read(&written, EMPTY);
    assert_eq!(write(&second.graph), written);
    assert_eq!(second.problems.len(), first.problems.len(), "{:#?}", second.problems);
    assert!(written.contains("(pipe: \"work.out -> workers.in\", capacity: 64),"), "{written}");
    assert!(written.contains("            // how they come\n            arrivals: poisson,\n"), "{written}");
}

#[test]
fn problems_name_line_column_and_what_was_meant() {
    let check = |text: &str, line: u32, column: u32, part: &str| {
        let problems = read(text, EMPTY).problems;
        let found = problems
            .iter()
            .any(|problem| problem.position.is_some_and(|at| (at.line, at.column) == (line, column)) && problem.to_string().contains(part));
        assert!(found, "{text}\n{problems:#?}");
    };
    check("(format: 1,\n nodez: {})", 2, 2, "did you mean `nodes`");
    check("(format: 2)", 1, 10, "newer");
    check("(nodes: {})", 1, 1, "format");
    check("(format: 1,\n nodes: {\"ä\": sink()})", 2, 10, "no node id");
    check("(format: 1, nodes: {\n  \"a\": sink(\n    count: 1.2.3)})", 3, 12, "no number");
    check("(format: 1, nodes: {\"a\": sink(), \"é\": 5, \"a\": sink()})", 1, 42, "on line 1");
    check("(format: 1, nodes: {\"a\": sink(x: 1, x: 2)})", 1, 37, "set twice");
    check("(format: 1, nodes: {\"a\": sink(", 1, 1, "never closed");
    check("(format: 1, nodes: {\"a\": sink(])})", 1, 31, "closes nothing");
    check("(format: 1, title: \"never\n)", 1, 20, "never ends");
    check("(format: 1, nodes: {\"a\": sink(x: @#$ 4)})", 1, 34, "cannot stand here");
    check("(format: 1, nodes: [])", 1, 20, "expected nodes");
    check("(format: 1, pipes: [\"a.out -> b\"])", 1, 21, "names no port");
    check("hello", 1, 1, "not a graph");
    check("", 1, 1, "");
}

#[test]
fn a_file_that_saving_would_harm_is_read_only() {
    let check = |text: &str, read_only: bool| assert_eq!(read(text, EMPTY).read_only, read_only, "{text}");
    check("(format: 1)", false);
    check("(format: 1, nodes: {\"a\": sink(}, pipes: [])", true);
    check("(format: 1, nodes: {\"a\": sink(x: 1 2)})", false);
    check("(format: 2, nodes: {})", true);
    check("(format: 0)", true);
    check("(format: 1) (format: 1)", true);
    check("", true);
    check("(format: 1, title: \"x)", true);
    check("(format: 1) /* open", true);
}

#[test]
fn half_a_file_gives_half_a_graph() {
    let whole = write(&read(SAMPLE, EMPTY).graph);
    let half = read(&whole[..whole.find("pipes:").unwrap()], EMPTY);
    assert_eq!(half.graph.nodes.len(), 5);
    assert!(half.read_only);
}

#[test]
fn deep_nesting_is_kept_as_text_however_deep() {
    let text = |depth: usize| format!("(format: 1, nodes: {{\"a\": sink(x: {}{})}})", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&text(50), EMPTY).problems.is_empty());
    let deep = read(&text(100_000), EMPTY);
    assert_eq!(deep.problems[0].code, "PW105");
    assert_eq!(read(&write(&deep.graph), EMPTY).graph, deep.graph);
}

#[test]
fn too_large_is_refused_with_words() {
    let many = (0..=super::MOST_NODES).map(|n| format!("\"n{n}\":k")).collect::<Vec<_>>().join(",");
    let read_many = read(&format!("(format: 1, nodes: {{{many}}})"), EMPTY);
    assert_eq!((read_many.graph.nodes.len(), read_many.read_only), (super::MOST_NODES, true));
    assert!(read_many.problems.iter().any(|problem| problem.code == "PW102"));
    assert_eq!(codes(&" ".repeat(super::MOST_BYTES + 1)), ["PW102"]);
    assert_eq!(codes(&format!("(format: 1, title: {})", "@ ".repeat(100_000))).len(), 1_001);
    assert_eq!(codes("# a text\n[[of another]] sort @ all }"), ["PW112"]);
}

#[test]
fn malicious_files_take_no_longer_than_others() {
    let start = std::time::Instant::now();
    for pattern in ["(", "[", "]", "([", ")(", "r#\"\n", "r##\"r#\"", "\"\n", "#![", "/*", "'", ",", "(,", "{:", "a(", "@\n"] {
        read(&pattern.repeat(200_000), EMPTY);
        read(&format!("(format: 1, nodes: {{{}", pattern.repeat(200_000)), EMPTY);
    }
    let brackets = format!("{}{}", "(".repeat(300_000), "]".repeat(300_000));
    read(&brackets, EMPTY);
    // Each takes milliseconds; a quadratic one would take minutes.
    assert!(start.elapsed().as_secs() < 60);
}

#[test]
fn the_example_of_the_format_page_is_in_the_form_that_is_written() {
    let page = include_str!("../../docs/graph-format.md");
    let example = page.split("```ron\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let catalogue = crate::nodes::CATALOGUE;
    let read = read(example, catalogue);
    let problems = [read.problems, crate::check::check(&read.graph, catalogue)].concat();
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(write(&read.graph), example);
}

#[test]
fn attributes_of_ron_are_skipped() {
    assert!(codes("// c\n#![enable(implicit_some)]\n(format: 1)").is_empty());
}

/// Once, the second title was written before the first, which was kept as text: the next reading then took it.
#[test]
fn sections_kept_as_text_stay_in_their_order() {
    for text in ["(format: 1, title: 1, title: \"Hello\")", "(format: 1, pipes: 5, odd: (), nodes: [], pipes: [])"] {
        settles(&read(text, EMPTY).graph, text).unwrap();
    }
}

#[test]
fn nodes_without_a_place_get_one() {
    let graph =
        read("(format: 1, nodes: {\"a\": k, \"b\": k, \"c\": k}, pipes: [\"a.o -> b.i\"], layout: (nodes: {\"c\": (8, 8)}))", EMPTY).graph;
    let at = |id: &str| graph.nodes[id].position;
    assert!(at("a").x < at("b").x && at("a").y == at("b").y && at("a").y > at("c").y, "{:?}", graph.nodes);
}

#[test]
fn check_problems_find_their_place_in_the_file() {
    use crate::problem::{Position, Problem, Subject};
    let text = "(format: 1, nodes: {\n  \"a\": filter(\n    keep: \"a\\\"é\\u{41} x\",\n    jq: r#\"one\ntwo!\"#,\n  ),\n}, pipes: [\n  \"a.out -> b.in\"])";
    let positions = read(text, EMPTY).positions;
    let id = NodeId::new("a").unwrap();
    let place = |subject: Subject, within: Option<(u32, u32)>| {
        let mut problem = Problem::error("PW203", subject, "");
        problem.position = within.map(|(line, column)| Position { line, column });
        let mut problems = [problem];
        positions.locate(&mut problems);
        problems[0].position.map(|at| (at.line, at.column))
    };
    let setting = |name: &str| Subject::Setting(id.clone(), name.to_owned());
    assert_eq!(place(Subject::Node(id.clone()), None), Some((2, 3)));
    assert_eq!(place(setting("keep"), None), Some((3, 11)));
    assert_eq!(place(setting("keep"), Some((1, 1))), Some((3, 12)));
    assert_eq!(place(setting("keep"), Some((1, 6))), Some((3, 23)), "behind the escapes");
    assert_eq!(place(setting("jq"), Some((2, 4))), Some((5, 4)));
    assert_eq!(place(setting("absent"), Some((1, 6))), Some((2, 3)));
    assert_eq!(place(Subject::Graph, None), None);
    let pipe = PipeId { from: End { node: id, port: "out".into() }, to: End { node: NodeId::new("b").unwrap(), port: "in".into() } };
    assert_eq!(place(Subject::Pipe(pipe), None), Some((8, 3)));
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_]{0,6}".prop_filter("reserved", |name| !matches!(name.as_str(), "title" | "pipe" | "true" | "false" | "inf"))
}

fn setting() -> impl Strategy<Value = Setting> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Setting::Flag),
        any::<i64>().prop_map(Setting::Integer),
        any::<f64>().prop_filter("NaN is never equal", |number| !number.is_nan()).prop_map(Setting::Number),
        any::<String>().prop_map(Setting::Text),
        "[ \"#\\\\\n\ta-z/*]{0,30}".prop_map(Setting::Text),
        prop_oneof![name(), Just("true".to_owned()), Just("a-b.c".to_owned())].prop_map(Setting::Word),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let unique = |pairs: Vec<(String, Setting)>| pairs.into_iter().collect::<IndexMap<_, _>>().into_iter().collect::<Vec<_>>();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Setting::List),
            prop::collection::vec((any::<String>(), inner.clone()), 0..5).prop_map(Setting::Map),
            (prop_oneof![name(), Just(String::new())], prop::collection::vec((name(), inner.clone()), 1..5))
                .prop_map(move |(name, pairs)| Setting::Record(name, unique(pairs))),
            (prop_oneof![name(), Just(String::new())], prop::collection::vec(inner, 0..5))
                .prop_map(|(name, items)| Setting::Tuple(name, items)),
        ]
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    prop::collection::vec((name(), setting()), 0..6).prop_map(Settings::from_iter)
}

fn comment() -> impl Strategy<Value = Vec<String>> {
    let one = prop_oneof![
        "// [a-z(\\[{\",:]{0,12}[a-z]",
        "/\\* [a-z/\n\"(]{0,12} \\*/".prop_filter("no nesting", |c| !c.contains("/*/") && c.matches("/*").count() == 1)
    ];
    prop::collection::vec(one, 0..3)
}

fn comments(settings: &Settings) -> impl Strategy<Value = Comments> + use<> {
    let names: Vec<String> = settings.keys().cloned().chain([String::new()]).collect();
    (comment(), prop::collection::vec(comment(), names.len())).prop_map(move |(before, each)| {
        let settings = names.iter().cloned().zip(each).filter(|(_, comments)| !comments.is_empty()).collect();
        Comments { before, settings }
    })
}

fn point() -> impl Strategy<Value = Point> {
    let number = || prop_oneof![(-5_000..5_000_i32).prop_map(|n| n as f32), (-1e6_f32..1e6)];
    (number(), number()).prop_map(|(x, y)| Point { x, y })
}

fn node() -> impl Strategy<Value = Node> {
    let places = prop::collection::btree_map("[a-z.\"é]{0,4}", point(), 0..3);
    let parts = (name(), any::<String>(), settings(), point(), places);
    parts.prop_flat_map(|(kind, title, settings, position, places)| {
        comments(&settings).prop_map(move |comments| Node {
            kind: kind.clone(),
            title: title.clone(),
            settings: settings.clone(),
            position,
            port_places: places.clone(),
            comments,
            opaque: None,
        })
    })
}

fn pipe() -> impl Strategy<Value = Pipe> {
    (settings(), prop::collection::vec(point(), 0..3)).prop_flat_map(|(settings, bends)| {
        comments(&settings).prop_map(move |mut comments| {
            if settings.is_empty() {
                comments.settings.clear();
            }
            Pipe { settings: settings.clone(), bends: bends.clone(), comments }
        })
    })
}

fn end() -> impl Strategy<Value = End> {
    ("[a-c]", "[a-z_ \"\\\\é.]{0,5}[a-z]").prop_map(|(node, port)| End { node: NodeId::new(&node).unwrap(), port: port.trim().into() })
}

fn graph() -> impl Strategy<Value = Graph> {
    let nodes = prop::collection::vec(("[a-zA-Z][a-z0-9_-]{0,3}(/[a-z]{1,2})?", node()), 0..6);
    let pipes = prop::collection::vec((end(), end(), pipe()), 0..6);
    let frames = prop::collection::vec((any::<u32>(), any::<String>(), point(), point()), 0..3);
    let notes = prop::collection::vec((any::<u32>(), any::<String>(), point(), point()), 0..3);
    let expectations = prop::collection::vec((any::<String>(), setting(), comment()), 0..4);
    let ports = prop::collection::vec((any::<String>(), setting()), 0..3);
    (any::<String>(), settings(), nodes, pipes, frames, notes, comment(), expectations, ports).prop_map(
        |(title, settings, nodes, pipes, frames, notes, before, expectations, ports)| {
            let mut graph = Graph { title, settings, ports: ports.into_iter().collect(), ..Graph::default() };
            graph.comments.before = before;
            graph.nodes = nodes.into_iter().map(|(id, node)| (NodeId::new(&id).unwrap(), Arc::new(node))).collect();
            graph.pipes = pipes.into_iter().map(|(from, to, pipe)| (PipeId { from, to }, pipe)).collect();
            graph.expectations = expectations.into_iter().map(|(name, claim, comments)| (name, Expectation { claim, comments })).collect();
            let level = graph.nodes.keys().next().cloned();
            for (id, title, position, size) in frames {
                let inside = level.clone().filter(|_| id % 2 == 0);
                graph.frames.insert_sorted(FrameId(id), Frame { title, position, size, inside });
            }
            for (id, text, position, size) in notes {
                let inside = level.clone().filter(|_| id % 2 == 0);
                graph.notes.insert_sorted(NoteId(id), Note { text, position, size, inside });
            }
            graph
        },
    )
}

proptest! {
    #[test]
    fn random_graphs_come_back_equal_and_their_text_is_stable(graph in graph()) {
        let text = write(&graph);
        let back = read(&text, EMPTY);
        prop_assert!(back.problems.is_empty() && !back.read_only, "{:#?}\n{}", back.problems, text);
        prop_assert_eq!(format!("{:#?}", &back.graph), format!("{:#?}", &graph), "{}", text);
        prop_assert_eq!(write(&back.graph), text);
    }

    #[test]
    fn what_is_written_is_ron(graph in graph()) {
        let text = write(&graph);
        let parsed = ron::from_str::<ron::Value>(&text);
        prop_assert!(parsed.is_ok(), "{}\n{}", parsed.unwrap_err(), text);
    }

    #[test]
    fn any_bytes_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        super::read_bytes(&bytes, EMPTY);
    }

    #[test]
    fn any_shuffled_tokens_read_without_a_panic_and_settle(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "[", "]", "{", "}", ":", ",", "nodes", "pipes", "layout", "format: 1,", "\"a\"", "\"a.b -> c.d\"", "r#\"x\"#", "'", "\"",
            "//c\n", "/*c*/", "-1.5", "NaN", "queue", "title", "\\", "é", "#", "\n", " ", "(format: 1,", "nodes: {", "settings: (", "expect: {", "\"a\": b(),",
        ]), 0..60)
    ) {
        let text = tokens.concat();
        let first = read(&text, EMPTY);
        if !first.read_only {
            settles(&first.graph, &text)?;
        }
    }

    #[test]
    fn mutated_files_read_without_a_panic_and_settle(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..30_usize, "[ -~é\n]{0,3}"), 1..6)
    ) {
        let mut text: Vec<char> = SAMPLE.chars().collect();
        for (at, length, insert) in cuts {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        let first = read(&text, EMPTY);
        if !first.read_only {
            settles(&first.graph, &text)?;
        }
    }
}

/// What may be saved over its file reads back as the same graph, and its text does not change any more.
fn settles(graph: &Graph, source: &str) -> Result<(), TestCaseError> {
    let text = write(graph);
    let again = read(&text, EMPTY);
    prop_assert!(!again.read_only, "{}\n->\n{}\n{:#?}", source, text, again.problems);
    prop_assert_eq!(format!("{:#?}", again.graph.nodes), format!("{:#?}", graph.nodes), "{}\n->\n{}", source, text);
    prop_assert_eq!(format!("{:#?}", again.graph.pipes), format!("{:#?}", graph.pipes), "{}\n->\n{}", source, text);
    prop_assert_eq!(format!("{:#?}", again.graph.expectations), format!("{:#?}", graph.expectations), "{}\n->\n{}", source, text);
    prop_assert_eq!(write(&again.graph), text, "{}", source);
    Ok(())
}
