//! Parts: graphs in files of their own that composites use. They are read once and shared; the document itself holds only their names.

use crate::graph::Graph;
use crate::problem::Problem;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands in a used file.
#[derive(Clone, PartialEq, Debug)]
pub enum Part {
    /// It was read: the graph, and what is wrong with the text, each with its file and place.
    Read(Box<Graph>, Vec<Problem>),
    /// It could not be read, in words.
    Missing(String),
}

/// The used files by their path from the graph's folder, with `/` between its parts.
pub type Parts = BTreeMap<String, Arc<Part>>;

/// The path of a used file from the graph's folder, where `user` is the file that names it (`None`: the graph itself). A file is named from the
/// folder of the file that uses it, so that it can be opened alone too. In words, why it may not be used.
pub fn part_path(user: Option<&str>, named: &str) -> Result<String, String> {
    let sound = !named.is_empty() && !named.contains(['\\', ':']) && !named.split('/').any(|part| matches!(part, "" | "." | ".."));
    if !sound {
        return Err(format!("`{}` does not name a file in or below the folder of the file that uses it", named.escape_debug()));
    }
    let folder = user.and_then(|user| user.rsplit_once('/')).map(|(folder, _)| folder);
    Ok(folder.map_or_else(|| named.to_owned(), |folder| format!("{folder}/{named}")))
}

impl Graph {
    /// What the files that composites use hold, as they were read last. They are no part of the document: edits leave them alone, and saving
    /// does not write them.
    pub const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Takes the content of used files; see [`crate::graph::Graph::whole`].
    pub fn set_parts(&mut self, parts: Parts) {
        self.parts = parts;
    }

    /// Whether any composite uses a file.
    pub fn uses_files(&self) -> bool {
        self.nodes.values().any(|node| node.used_file().is_some())
    }

    /// The files that the composites of this graph use, from the folder of the graph, where `own` is the file that the graph itself stands in
    /// if it is a part. Names that may not be used are left out; `check` tells of them.
    pub fn used_files(&self, own: Option<&str>) -> Vec<String> {
        let mut files: Vec<String> =
            self.nodes.values().filter_map(|node| node.used_file()).filter_map(|file| part_path(own, file).ok()).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_file_lies_in_or_below_the_folder() {
        let check = |user: Option<&str>, named: &str, expected: Option<&str>| {
            assert_eq!(part_path(user, named).ok().as_deref(), expected, "{user:?} {named}");
        };
        check(None, "pay.ron", Some("pay.ron"));
        check(None, "parts/pay.ron", Some("parts/pay.ron"));
        check(Some("parts/pay.ron"), "bank.ron", Some("parts/bank.ron"));
        check(Some("pay.ron"), "parts/bank.ron", Some("parts/bank.ron"));
        for bad in ["", "/etc/x.ron", "../x.ron", "parts/../../x.ron", "./x.ron", "a//b.ron", "C:\\x.ron", "a\\b.ron"] {
            check(Some("parts/pay.ron"), bad, None);
        }
    }
}
