//! The one table at the end: for people, for the documentation, for programs.

use super::harness::Row;
use super::options::Form;
use serde_json::json;

/// The rows in a form.
pub fn table(rows: &[Row], form: Form) -> String {
    match form {
        Form::Text => text(rows),
        Form::Markdown => markdown(rows),
        Form::Json => json(rows),
    }
}

const HEADS: [&str; 7] = ["figure", "measured", "stick", "its figure", "ratio (spread)", "goal", "met"];

fn cells(row: &Row) -> [String; 7] {
    if let Some(reason) = &row.skipped {
        return [
            row.name.clone(),
            format!("left out: {reason}"),
            String::new(),
            String::new(),
            String::new(),
            row.goal.show(row.unit),
            "–".into(),
        ];
    }
    let (stick, figure) = row.stick.map_or_else(Default::default, |(name, figure)| (name.to_owned(), row.unit.show(figure)));
    let ratio = row.ratio.map_or_else(String::new, |[ratio, least, greatest]| format!("{ratio:.2} ({least:.2} to {greatest:.2})"));
    let met = match row.met() {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "–",
    };
    [row.name.clone(), row.unit.show(row.figure), stick, figure, ratio, row.goal.show(row.unit), met.into()]
}

fn text(rows: &[Row]) -> String {
    let lines: Vec<[String; 7]> = std::iter::once(HEADS.map(str::to_owned)).chain(rows.iter().map(cells)).collect();
    // What is left out says why, across the other columns.
    let counted = |line: &&[String; 7]| !line[1].starts_with("left out");
    let width = |column: usize| lines.iter().filter(counted).map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let mut out = String::new();
    for line in &lines {
        for (cell, width) in line.iter().zip(&widths) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

fn markdown(rows: &[Row]) -> String {
    let line = |cells: &[String; 7]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(HEADS.len()));
    line(&HEADS.map(str::to_owned)) + &rule + &rows.iter().map(|row| line(&cells(row))).collect::<String>()
}

fn json(rows: &[Row]) -> String {
    let row = |row: &Row| {
        json!({
            "name": row.name,
            "unit": format!("{:?}", row.unit),
            "figure": row.figure,
            "stick": row.stick.map(|(name, _)| name),
            "stick_figure": row.stick.map(|(_, figure)| figure),
            "ratio": row.ratio.map(|[ratio, ..]| ratio),
            "ratio_least": row.ratio.map(|[_, least, _]| least),
            "ratio_greatest": row.ratio.map(|[.., greatest]| greatest),
            "goal": row.goal.show(row.unit),
            "met": row.met(),
            "left_out": row.skipped,
        })
    };
    serde_json::to_string_pretty(&rows.iter().map(row).collect::<Vec<_>>()).expect("JSON values always write") + "\n"
}
