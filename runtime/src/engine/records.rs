//! Reading records from files and streams, and the rule that paths stay inside the graph's folder. Used by both worlds.

use crate::node::Answer;
use crate::node::outside::{BadRecord, Record, RecordFormat};
use crate::trust::{self, SHARED};
use bytes::Bytes;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The longest line that counts as a record, in bytes; a longer one is a bad record.
const LONGEST_LINE: u64 = 1 << 20;

/// The path of a file to read: below `folder`, or below the folder `data` beside it; or why it is not allowed.
pub fn readable(folder: &Path, path: &Path) -> Result<PathBuf, String> {
    if !trust::is_shared_data(path) {
        return inside(folder, path);
    }
    let mut parts = path.components();
    // `..` and the folder's name.
    parts.nth(1);
    inside(&folder.join("..").join(SHARED), parts.as_path())
}

/// The path of a file below `folder`, or why it is not allowed.
pub fn inside(folder: &Path, path: &Path) -> Result<PathBuf, String> {
    if !trust::stays_inside(path) {
        return Err(format!("{}: only files below the graph's own folder may be used", path.display()));
    }
    let full = folder.join(path);
    if let (Ok(folder), Ok(real)) = (folder.canonicalize(), full.canonicalize())
        && !real.starts_with(&folder)
    {
        return Err(format!("{}: leads out of the graph's own folder", path.display()));
    }
    Ok(full)
}

/// Reads up to `most` records from `offset` on. A last line without its end is left for the next time, unless nothing may follow it.
pub fn read_file(path: &Path, format: RecordFormat, offset: u64, line: u64, most: usize) -> Answer {
    match read_records(path, format, offset, line, most) {
        Ok(answer) => answer,
        Err(error) => Answer::Failed(format!("cannot read {}: {error}", path.display())),
    }
}

fn read_records(path: &Path, format: RecordFormat, mut offset: u64, mut line: u64, most: usize) -> std::io::Result<Answer> {
    let mut reader = BufReader::new(File::open(path)?);
    let columns = match format {
        RecordFormat::Csv => {
            let mut first = Vec::new();
            let length = reader.read_until(b'\n', &mut first)? as u64;
            if offset == 0 {
                (offset, line) = (length, 2);
            }
            Some(columns(&first))
        }
        RecordFormat::JsonLines => None,
    };
    reader.seek(SeekFrom::Start(offset))?;
    let mut records = Vec::new();
    let mut end = false;
    while records.len() < most {
        let mut raw = Vec::new();
        let length = reader.by_ref_take(LONGEST_LINE, &mut raw)?;
        if length == 0 {
            end = true;
            break;
        }
        offset += length;
        let content = trimmed(&raw);
        if !content.is_empty() {
            records.push(Record { line, content: record(content, columns.as_deref()) });
        }
        line += 1;
    }
    Ok(Answer::Records { records, offset, line, end })
}

/// Reading one line up to a length; the rest of a longer line is passed over.
trait TakeLine {
    fn by_ref_take(&mut self, longest: u64, line: &mut Vec<u8>) -> std::io::Result<u64>;
}

impl<R: BufRead> TakeLine for R {
    fn by_ref_take(&mut self, longest: u64, line: &mut Vec<u8>) -> std::io::Result<u64> {
        use std::io::Read as _;
        let mut length = self.by_ref().take(longest).read_until(b'\n', line)? as u64;
        if length == longest && line.last() != Some(&b'\n') {
            let mut rest = Vec::new();
            loop {
                rest.clear();
                let more = self.by_ref().take(longest).read_until(b'\n', &mut rest)? as u64;
                length += more;
                if more < longest || rest.last() == Some(&b'\n') {
                    break;
                }
            }
        }
        Ok(length)
    }
}

fn trimmed(raw: &[u8]) -> &[u8] {
    raw.trim_ascii()
}

/// The names in a CSV file's first line.
pub fn columns(first: &[u8]) -> Vec<String> {
    csv_fields(first).unwrap_or_default()
}

fn csv_fields(line: &[u8]) -> Option<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line);
    let record = reader.records().next()?.ok()?;
    Some(record.iter().map(|field| field.trim().to_owned()).collect())
}

/// One line as a record: JSON as it is, CSV as an object of its columns.
pub fn record(line: &[u8], columns: Option<&[String]>) -> Result<Bytes, BadRecord> {
    let bad = |error: String| BadRecord { raw: Bytes::copy_from_slice(line), error };
    if line.len() as u64 >= LONGEST_LINE {
        return Err(bad(format!("the line is longer than {LONGEST_LINE} bytes")));
    }
    let Some(columns) = columns else {
        return match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
            Ok(_) => Ok(Bytes::copy_from_slice(line)),
            Err(error) => Err(bad(format!("not JSON: {error}"))),
        };
    };
    let fields = csv_fields(line).ok_or_else(|| bad("not a CSV record".to_owned()))?;
    if fields.len() != columns.len() {
        return Err(bad(format!("expected {} fields, found {}", columns.len(), fields.len())));
    }
    let object: serde_json::Map<String, serde_json::Value> =
        columns.iter().zip(fields).map(|(name, field)| (name.clone(), csv_value(field))).collect();
    Ok(serde_json::to_vec(&object).expect("JSON values always write").into())
}

/// A CSV field as a value: numbers as numbers, nothing as null, the rest as text.
fn csv_value(field: String) -> serde_json::Value {
    if field.is_empty() {
        return serde_json::Value::Null;
    }
    if let Ok(whole) = field.parse::<i64>()
        && whole.to_string() == field
    {
        return whole.into();
    }
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() && field.starts_with(|c: char| c.is_ascii_digit() || c == '-') => number.into(),
        _ => field.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        let folder = std::env::temp_dir();
        assert!(inside(&folder, Path::new("a/b.json")).is_ok());
        for bad in ["", "../x", "/etc/passwd", "a/../../x"] {
            assert!(inside(&folder, Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn data_beside_the_folder_is_readable_and_nothing_else_there() {
        let folder = std::env::temp_dir();
        assert!(readable(&folder, Path::new("a.csv")).is_ok());
        assert!(readable(&folder, Path::new("../data/a.csv")).is_ok());
        for bad in ["../data", "../data/../x", "../other/a.csv", "../../data/a.csv", "/data/a.csv", "a/../data/b"] {
            assert!(readable(&folder, Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn csv_lines_become_objects() {
        let columns = columns(b"id,name,size\n");
        let made = record(b"7,\"a, b\",1.5", Some(&columns)).unwrap();
        assert_eq!(&made[..], br#"{"id":7,"name":"a, b","size":1.5}"#);
        assert!(record(b"7,8", Some(&columns)).unwrap_err().error.contains("expected 3 fields, found 2"));
        assert!(record(b"{\"a\":", None).is_err());
        assert_eq!(&record(b"{\"a\": 1}", None).unwrap()[..], b"{\"a\": 1}");
    }
}
