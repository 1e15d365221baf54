//! Fonts of the system for scripts that ours lack: looked for beside the window when a sign is first missed, and never while painting.

use crate::theme::fonts;
use egui::{Context, FallbackRequest, FontData, FontFamily, FontInsert};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is looked for: for each group of scripts the names of font files that have them, best first. Noto (SIL Open Font License) and the
/// fonts that Windows, macOS and the distributions of Linux bring along.
const WANTED: &[&[&str]] = &[
    // Chinese, Japanese, Korean
    &[
        "NotoSansCJK-Regular.ttc",
        "NotoSansCJKsc-Regular.otf",
        "SourceHanSans-Regular.ttc",
        "wqy-microhei.ttc",
        "wqy-zenhei.ttc",
        "DroidSansFallbackFull.ttf",
        "DroidSansFallback.ttf",
        "msyh.ttc",
        "PingFang.ttc",
        "Hiragino Sans GB.ttc",
    ],
    &["YuGothR.ttc", "msgothic.ttc"],
    &["malgun.ttf", "AppleSDGothicNeo.ttc", "NanumGothic.ttf"],
    // Arabic, Hebrew
    &["NotoSansArabic-Regular.ttf", "NotoNaskhArabic-Regular.ttf", "segoeui.ttf", "GeezaPro.ttc"],
    &["NotoSansHebrew-Regular.ttf", "segoeui.ttf", "ArialHB.ttc"],
    // South and South-East Asia
    &["NotoSansDevanagari-Regular.ttf", "Nirmala.ttc", "Nirmala.ttf", "Lohit-Devanagari.ttf", "Kohinoor.ttc"],
    &["NotoSansBengali-Regular.ttf", "Lohit-Bengali.ttf"],
    &["NotoSansTamil-Regular.ttf", "Lohit-Tamil.ttf"],
    &["NotoSansThai-Regular.ttf", "LeelawUI.ttf", "Thonburi.ttc", "Garuda.ttf"],
    // Many scripts a little
    &["DejaVuSans.ttf", "FreeSans.ttf", "Arial Unicode.ttf", "seguisym.ttf", "unifont.otf", "unifont.ttf"],
];

/// Fonts are not loaded past this size each, and all together.
const MOST_BYTES: u64 = 48 << 20;
const MOST_BYTES_IN_ALL: u64 = 96 << 20;
/// How many entries of folders are looked at, and how deep.
const MOST_ENTRIES: usize = 20_000;
const MOST_DEPTH: usize = 6;

/// From now on, the first sign that no font has starts the search; the fonts found stand behind ours from the next frame on.
pub fn provide(context: &Context) {
    let asked = AtomicBool::new(false);
    let window = context.clone();
    context.add_font_provider(Arc::new(move |_: &FallbackRequest<'_>| -> Option<FontInsert> {
        if !asked.swap(true, Ordering::Relaxed) {
            let window = window.clone();
            // Without the thread the signs stay boxes, as they were.
            let _ = std::thread::Builder::new().name("fonts".to_owned()).spawn(move || {
                let found = load(&folders());
                if !found.is_empty() {
                    window.set_fonts(with(&found));
                    window.request_repaint();
                }
            });
        }
        None
    }));
}

/// The folders where the system keeps fonts.
fn folders() -> Vec<PathBuf> {
    let home = directories::BaseDirs::new();
    let home = home.as_ref().map(directories::BaseDirs::home_dir);
    let below_home = |rest: &str| home.map(|home| home.join(rest));
    let variable = |name: &str, rest: &str| std::env::var_os(name).map(|value| PathBuf::from(value).join(rest));
    let all = if cfg!(windows) {
        vec![variable("WINDIR", "Fonts"), variable("LOCALAPPDATA", "Microsoft/Windows/Fonts")]
    } else if cfg!(target_os = "macos") {
        vec![Some("/System/Library/Fonts".into()), Some("/Library/Fonts".into()), below_home("Library/Fonts")]
    } else {
        vec![Some("/usr/share/fonts".into()), Some("/usr/local/share/fonts".into()), below_home(".local/share/fonts"), below_home(".fonts")]
    };
    all.into_iter().flatten().collect()
}

/// The files below these folders that are wanted, by their names. Links to folders are not followed.
fn files(folders: &[PathBuf]) -> BTreeMap<String, PathBuf> {
    let mut open: VecDeque<(PathBuf, usize)> = folders.iter().map(|folder| (folder.clone(), 0)).collect();
    let (mut found, mut looked_at) = (BTreeMap::new(), 0);
    while let Some((folder, depth)) = open.pop_front() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            looked_at += 1;
            if looked_at > MOST_ENTRIES {
                return found;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MOST_DEPTH => open.push_back((entry.path(), depth + 1)),
                Ok(kind) if !kind.is_dir() && WANTED.iter().any(|names| names.contains(&name.as_str())) => {
                    found.entry(name).or_insert_with(|| entry.path());
                }
                _ => {}
            }
        }
    }
    found
}

/// The best readable font of each group.
fn load(folders: &[PathBuf]) -> Vec<(String, Arc<FontData>)> {
    let files = files(folders);
    let mut fonts: Vec<(String, Arc<FontData>)> = Vec::new();
    let mut bytes = 0;
    for names in WANTED {
        for name in *names {
            if fonts.iter().any(|(known, _)| known == name) {
                break;
            }
            let Some((size, font)) = files.get(*name).and_then(|path| read(path, MOST_BYTES.min(MOST_BYTES_IN_ALL - bytes))) else {
                continue;
            };
            bytes += size;
            fonts.push(((*name).to_owned(), Arc::new(font)));
            break;
        }
    }
    fonts
}

/// A font file that is not too large and can be used.
fn read(path: &Path, most: u64) -> Option<(u64, FontData)> {
    let size = std::fs::metadata(path).ok()?.len();
    let font = (size <= most).then(|| std::fs::read(path).ok()).flatten().map(FontData::from_owned)?;
    usable(&font).then_some((size, font))
}

/// Whether a font can be read. egui panics on one that cannot, so it is tried where nothing breaks.
fn usable(font: &FontData) -> bool {
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let context = Context::default();
        let mut definitions = fonts::definitions();
        definitions.font_data.insert("tried".to_owned(), Arc::new(font.clone()));
        definitions.families.insert(FontFamily::Proportional, vec!["tried".to_owned()]);
        context.set_fonts(definitions);
        context.run_ui(egui::RawInput::default(), |ui| drop(ui.label("a"))).textures_delta.clear();
    }));
    tried.is_ok()
}

/// Our fonts with these behind them.
fn with(found: &[(String, Arc<FontData>)]) -> egui::FontDefinitions {
    let mut definitions = fonts::definitions();
    for (name, font) in found {
        definitions.font_data.insert(name.clone(), font.clone());
        definitions.families.values_mut().for_each(|family| family.push(name.clone()));
    }
    definitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_found_in_folders_and_damaged_ones_left_out() {
        let folder = std::env::temp_dir().join(format!("pipewright-fonts-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("deep/er")).unwrap();
        std::fs::write(folder.join("deep/NotoSansThai-Regular.ttf"), include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf"))
            .unwrap();
        std::fs::write(folder.join("deep/er/DejaVuSans.ttf"), include_bytes!("../../../assets/fonts/JetBrainsMono-SemiBold.ttf")).unwrap();
        std::fs::write(folder.join("malgun.ttf"), "no font at all").unwrap();
        std::fs::write(folder.join("Other.ttf"), "not wanted").unwrap();
        let names: Vec<String> = files(std::slice::from_ref(&folder)).into_keys().collect();
        assert_eq!(names, ["DejaVuSans.ttf", "NotoSansThai-Regular.ttf", "malgun.ttf"]);
        let found = load(std::slice::from_ref(&folder));
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["NotoSansThai-Regular.ttf", "DejaVuSans.ttf"]);
        let definitions = with(&found);
        assert!(definitions.families.values().all(|family| family.ends_with(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())));
        assert!(read(&folder.join("deep/NotoSansThai-Regular.ttf"), 1_000).is_none(), "too large");
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(load(&[folder]).is_empty());
    }
}
