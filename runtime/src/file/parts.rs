//! Reads the files that composites use, and the files that those use, each once.

use super::positions::Positions;
use super::read::{MOST_BYTES, read_bytes};
use crate::graph::Graph;
use crate::graph::composite::{Part, Parts};
use crate::node::Catalogue;
use crate::problem::{Problem, nearest};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// The most files that one graph may use.
pub const MOST_PARTS: usize = 1_000;

/// Used files as they were read.
#[derive(Clone, Default, Debug)]
pub struct Used {
    /// Their content.
    pub parts: Parts,
    /// Where each speaks of what.
    pub positions: BTreeMap<String, Positions>,
}

/// Reads every file that the composites of a graph in this folder use, and those that they use. What cannot be read is kept as a
/// [`Part::Missing`] with the reason; nothing outside the folder is touched.
pub fn used_by(graph: &Graph, folder: &Path, catalogue: Catalogue) -> Used {
    let mut used = Used::default();
    let mut open = graph.used_files(None);
    while let Some(file) = open.pop() {
        if used.parts.contains_key(&file) || used.parts.len() >= MOST_PARTS {
            continue;
        }
        let part = match content(folder, &file) {
            Err(why) => Part::Missing(why),
            Ok(bytes) => {
                let read = read_bytes(&bytes, catalogue);
                open.extend(read.graph.used_files(Some(&file)));
                let name: Arc<str> = file.as_str().into();
                let problems = read.problems.into_iter().map(|problem| Problem { file: Some(name.clone()), ..problem });
                used.positions.insert(file.clone(), read.positions);
                Part::Read(Box::new(read.graph), problems.collect())
            }
        };
        used.parts.insert(file, Arc::new(part));
    }
    used
}

/// The bytes of a used file, if it lies below the folder; a link that leads out of it does not count.
fn content(folder: &Path, file: &str) -> Result<Vec<u8>, String> {
    let path = folder.join(file);
    let failed = |error: std::io::Error| format!("cannot read `{file}`: {error}");
    let real = path.canonicalize().map_err(|error| failed(error) + &near(&path, file))?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !real.starts_with(folder.canonicalize().map_err(failed)?) {
        return Err(format!("`{file}` leads out of the graph's own folder"));
    }
    if real.is_dir() {
        return Err(format!("cannot read `{file}`: it is a folder"));
    }
    let mut bytes = Vec::new();
    File::open(real).map_err(failed)?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// ` (did you mean ...)`, if a file of a similar name lies in the same folder.
fn near(path: &Path, file: &str) -> String {
    let (folder, name) = file.rsplit_once('/').map_or((String::new(), file), |(folder, name)| (format!("{folder}/"), name));
    let beside = path.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().take(MOST_PARTS);
    let names: Vec<String> = beside.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let meant = nearest(
        name,
        names.iter().map(String::as_str).filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "ron")),
    );
    meant.map_or_else(String::new, |meant| format!(" (did you mean `{folder}{meant}`?)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::file::load;
    use crate::nodes::CATALOGUE;

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("pipewright-parts-{name}-{}", std::process::id()));
            std::fs::create_dir_all(path.join("graph/parts")).unwrap();
            for (file, text) in files {
                std::fs::write(path.join("graph").join(file), text).unwrap();
            }
            Self(path)
        }

        /// Code, file, place and subject of each problem of `main.ron`.
        fn problems(&self) -> Vec<String> {
            let loaded = load(&self.0.join("graph/main.ron"), CATALOGUE).unwrap();
            let mut found = check(&loaded.read.graph, CATALOGUE);
            loaded.read.positions.locate(&mut found);
            let line = |problem: &Problem| {
                let place = problem.position.map_or_else(String::new, |at| format!("{}:{}", at.line, at.column));
                format!(
                    "{} {}{place} {}",
                    problem.code,
                    problem.file.as_ref().map_or_else(String::new, |file| format!("{file}:")),
                    problem.subject
                )
            };
            loaded.read.problems.iter().chain(&found).map(line).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    const MAIN: &str = r#"(
    format: 1,
    nodes: {
        "g": generator(rate: "1/s"),
        "pay": composite(use: "parts/pay.ron"),
        "done": sink(),
    },
    pipes: ["g.out -> pay.in", "pay.out -> done.in"],
)"#;
    const PAY: &str = r#"(
    format: 1,
    nodes: {
        "work": queue(),
        "p": consumer_pool(servers: 2),
    },
    pipes: ["work.out -> p.in"],
    ports: {"in": "work.in", "out": "p.out"},
)"#;

    fn check_files(name: &str, files: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(Folder::new(name, files).problems(), expected, "{name}");
    }

    #[test]
    fn a_used_file_is_read_and_its_problems_name_it() {
        check_files("sound", &[("main.ron", MAIN), ("parts/pay.ron", PAY)], &[]);
        check_files("missing", &[("main.ron", MAIN)], &["PW803 5:31 pay.use"]);
        let bad = PAY.replace("servers: 2", "servers: \"two\"");
        check_files("setting", &[("main.ron", MAIN), ("parts/pay.ron", &bad)], &["PW202 parts/pay.ron:5:37 pay/p.servers"]);
        let torn = PAY.replace("ports: {", "ports: {]");
        assert!(Folder::new("torn", &[("main.ron", MAIN), ("parts/pay.ron", &torn)]).problems()[0].starts_with("PW103 parts/pay.ron:8:"));
        let newer = PAY.replace("format: 1", "format: 9");
        let found = Folder::new("newer", &[("main.ron", MAIN), ("parts/pay.ron", &newer)]).problems();
        assert!(found[0].starts_with("PW107 parts/pay.ron:2:"), "{found:?}");
    }

    #[test]
    fn files_that_use_each_other_are_named() {
        let uses = |file: &str| format!("(format: 1, nodes: {{\"x\": composite(use: \"{file}\")}})");
        let (main, a, b) = (uses("parts/a.ron"), uses("b.ron"), uses("a.ron"));
        let folder = Folder::new("circle", &[("main.ron", &main), ("parts/a.ron", &a), ("parts/b.ron", &b)]);
        let loaded = load(&folder.0.join("graph/main.ron"), CATALOGUE).unwrap();
        let found = check(&loaded.read.graph, CATALOGUE);
        assert_eq!(found[0].code, "PW804");
        assert!(found[0].message.contains("parts/a.ron → parts/b.ron → parts/a.ron"), "{}", found[0].message);
    }

    #[test]
    fn nothing_outside_the_folder_is_read() {
        let outside = MAIN.replace("parts/pay.ron", "../pay.ron");
        let folder = Folder::new("outside", &[("main.ron", &outside), ("../pay.ron", PAY)]);
        assert!(folder.problems()[0].starts_with("PW803 5:31 pay.use"));
        #[cfg(unix)]
        {
            let folder = Folder::new("link", &[("main.ron", MAIN), ("../pay.ron", PAY)]);
            std::os::unix::fs::symlink(folder.0.join("pay.ron"), folder.0.join("graph/parts/pay.ron")).unwrap();
            let loaded = load(&folder.0.join("graph/main.ron"), CATALOGUE).unwrap();
            assert!(check(&loaded.read.graph, CATALOGUE)[0].message.contains("leads out"));
        }
    }
}
