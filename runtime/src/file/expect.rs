//! The sections `expect` (names to claims) and `ports` (names to ends), read.

use super::read::Reader;
use super::setting;
use super::tree::{Item, Shape};
use crate::graph::Expectation;
use crate::problem::Subject;

impl Reader<'_> {
    pub fn ports(&mut self, item: Item) {
        let Shape::Map(items) = &item.value.shape else {
            return self.misshapen(item, "ports of a part, as in `ports: {\"in\": \"work.in\"}`");
        };
        let mut ports = Vec::new();
        for port in items {
            let Some(name) = port.key.clone() else { return self.keep_section(item) };
            match setting::from_tree(&port.value) {
                Ok(end) if !ports.iter().any(|(known, _, _)| *known == name) => {
                    let mut comments = [port.comments.clone(), port.inner.clone()].concat();
                    port.value.clone().take_comments(&mut comments);
                    ports.push((name, end, comments));
                }
                Ok(_) => {
                    let message = format!("there is a port `{}` already", name.escape_debug());
                    self.found.error(
                        port.start,
                        "PW109",
                        Subject::Graph,
                        message,
                        "give it another name; until then the section is kept as text",
                    );
                    return self.keep_section(item);
                }
                Err((at, message)) => {
                    // What is not whole was reported where it breaks.
                    if port.value.is_whole() {
                        self.found.syntax(at, message);
                    }
                    return self.keep_section(item);
                }
            }
        }
        let mut value = self.section_comments("ports", item);
        for (name, end, mut comments) in ports {
            self.comment(&format!("ports.{name}"), &mut comments);
            self.graph.ports.insert(name, end);
        }
        self.comment("ports.", &mut value.tail);
    }

    pub fn expectations(&mut self, item: Item) {
        if !matches!(item.value.shape, Shape::Map(_)) {
            return self.misshapen(item, "expectations, as in `expect: {\"nothing is lost\": no_loss()}`");
        }
        let mut value = self.section_comments("expect", item);
        let Shape::Map(items) = value.shape else { unreachable!("matched above") };
        for item in items {
            self.expectation(item);
        }
        self.comment("expect.", &mut value.tail);
    }

    fn expectation(&mut self, item: Item) {
        let name = item.key.clone().unwrap_or_default();
        let subject = Subject::Expectation(name.clone());
        let claim = if item.key.is_some() && item.value.is_whole() { Some(setting::from_tree(&item.value)) } else { None };
        match claim {
            Some(Ok(claim)) if !self.graph.expectations.contains_key(&name) => {
                let mut comments = [item.comments.clone(), item.inner.clone()].concat();
                item.value.clone().take_comments(&mut comments);
                self.places.insert(subject, item.value.start);
                self.graph.expectations.insert(name, Expectation { claim, comments });
                return;
            }
            Some(Ok(_)) => {
                let message = format!("there is an expectation `{}` already", name.escape_debug());
                self.found.error(item.start, "PW109", subject, message, "give it another name; until then it is kept as text");
            }
            Some(Err((at, message))) => self.found.syntax(at, message),
            None => {}
        }
        let kept = self.kept_text(item);
        self.graph.kept.expectations.push(kept);
    }
}
