//! Opens the window, and says in words why it cannot.

use crate::cli::{ThemeName, WindowArguments};
use crate::io::folders::Folders;
use crate::preferences::{Preferences, ThemeChoice};
use crate::shell::Shell;
use eframe::egui::ViewportBuilder;
use eframe::{NativeOptions, Renderer};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why there is no window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoWindow {
    /// In words, with what to do about it.
    pub reason: String,
    /// Whether there is no display at all, so that the terminal is all there is.
    pub no_display: bool,
}

/// Opens the window and returns when it is closed.
pub fn open(arguments: &WindowArguments) -> Result<(), NoWindow> {
    let folders = if arguments.screenshot.is_some() {
        // A picture must not depend on who takes it.
        Folders::below(&std::env::temp_dir().join(format!("pipewright-picture-{}", std::process::id())))
    } else {
        Folders::of_the_user()
    };
    let preferences = preferences(&folders, arguments);
    let size = preferences.window_size;
    let viewport = ViewportBuilder::default()
        .with_title("Pipewright")
        .with_app_id("pipewright")
        .with_inner_size(size)
        .with_min_inner_size([900.0, 560.0]);
    let options = NativeOptions { viewport, renderer: Renderer::Glow, ..NativeOptions::default() };
    let arguments = arguments.clone();
    let run = move || {
        eframe::run_native(
            "Pipewright",
            options,
            Box::new(move |created| Ok(Box::new(Shell::new(&created.egui_ctx, &arguments, folders, preferences)))),
        )
    };
    // winit panics where a library that it loads by name is missing.
    let quiet = std::panic::take_hook();
    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let hook = std::sync::Arc::clone(&told);
    std::panic::set_hook(Box::new(move |info| {
        let text = info.to_string();
        if text.contains("xkbcommon") || text.contains("libX") {
            // The first panic tells the cause; it is told in our own words below.
            hook.lock().map(|mut told| told.get_or_insert(text).len()).unwrap_or_default();
        } else {
            quiet(info);
        }
    }));
    let result = catch_unwind(AssertUnwindSafe(run));
    let _ = std::panic::take_hook();
    let told = told.lock().ok().and_then(|mut told| told.take());
    match (result, told) {
        (Ok(Ok(())), _) => Ok(()),
        (Ok(Err(error)), _) => Err(failed(&error)),
        (Err(_), Some(text)) => Err(NoWindow {
            reason: format!(
                "a library that the window needs is missing ({}).\nOn Debian and Ubuntu: apt install libxkbcommon-x11-0 libxcursor1 libxi6",
                first_line(&text)
            ),
            no_display: false,
        }),
        (Err(cause), None) => std::panic::resume_unwind(cause),
    }
}

/// What is remembered, and what the command line says instead.
fn preferences(folders: &Folders, arguments: &WindowArguments) -> Preferences {
    let mut preferences = std::fs::read_to_string(folders.preferences()).map(|text| Preferences::from_text(&text)).unwrap_or_default();
    if let Some(theme) = arguments.theme {
        preferences.theme = match theme {
            ThemeName::Dark => ThemeChoice::Dark,
            ThemeName::Light => ThemeChoice::Light,
        };
    } else if arguments.screenshot.is_some() {
        preferences.theme = ThemeChoice::Dark;
    }
    if let Some((width, height)) = arguments.size {
        preferences.window_size = [width, height];
    }
    preferences
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| line.contains("lib")).unwrap_or("libxkbcommon-x11").trim()
}

fn failed(error: &eframe::Error) -> NoWindow {
    let no_display = matches!(error, eframe::Error::WinitEventLoop(_) | eframe::Error::Winit(_));
    let named =
        ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let reason = match (no_display, named) {
        (true, false) => "there is no display to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned(),
        (true, true) => format!("the display cannot be used: {error}"),
        (false, _) => {
            format!("OpenGL is missing or too old: {error}\nOn Debian and Ubuntu: apt install libgl1 libegl1 libgl1-mesa-dri")
        }
    };
    NoWindow { reason, no_display }
}
