//! The fonts: Inter for words, `JetBrains Mono` for figures, ids and code.

use egui::{FontData, FontDefinitions, FontFamily, FontId};
use std::sync::Arc;

const MEDIUM: &str = "medium";
const STRONG: &str = "strong";
const MONO_STRONG: &str = "mono strong";

/// The fonts and the families made of them. Behind each stand egui's own fonts, for signs that ours lack.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let files: [(&str, &'static [u8]); 5] = [
        ("Inter-Regular", include_bytes!("../../../assets/fonts/Inter-Regular.otf")),
        ("Inter-Medium", include_bytes!("../../../assets/fonts/Inter-Medium.otf")),
        ("Inter-SemiBold", include_bytes!("../../../assets/fonts/Inter-SemiBold.otf")),
        ("JetBrainsMono-Regular", include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf")),
        ("JetBrainsMono-SemiBold", include_bytes!("../../../assets/fonts/JetBrainsMono-SemiBold.ttf")),
    ];
    for (name, bytes) in files {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let words = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let code = fonts.families.get(&FontFamily::Monospace).cloned().unwrap_or_default();
    for (family, first, rest) in [
        (FontFamily::Proportional, "Inter-Regular", &words),
        (FontFamily::Name(MEDIUM.into()), "Inter-Medium", &words),
        (FontFamily::Name(STRONG.into()), "Inter-SemiBold", &words),
        (FontFamily::Monospace, "JetBrainsMono-Regular", &code),
        (FontFamily::Name(MONO_STRONG.into()), "JetBrainsMono-SemiBold", &code),
    ] {
        let names = std::iter::once(first.to_owned()).chain(rest.iter().cloned()).collect();
        fonts.families.insert(family, names);
    }
    fonts
}

fn named(size: f32, family: &str) -> FontId {
    FontId::new(size, FontFamily::Name(family.into()))
}

/// Running words.
pub const fn body(size: f32) -> FontId {
    FontId::proportional(size)
}

/// Words on buttons and tabs.
pub fn medium(size: f32) -> FontId {
    named(size, MEDIUM)
}

/// Titles.
pub fn strong(size: f32) -> FontId {
    named(size, STRONG)
}

/// Figures, ids and code.
pub const fn mono(size: f32) -> FontId {
    FontId::monospace(size)
}

/// Figures that matter most.
pub fn mono_strong(size: f32) -> FontId {
    named(size, MONO_STRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_fonts_have_the_signs_we_write() {
        let context = egui::Context::default();
        context.set_fonts(definitions());
        context.run_ui(egui::RawInput::default(), |_| {}).textures_delta.clear();
        for font in [body(13.0), medium(13.0), strong(13.0), mono(12.0), mono_strong(12.0)] {
            for sign in "aZ09äßłœµ×÷…–—·→←↔≤≥≈±∞●○▲■".chars() {
                assert!(context.fonts_mut(|fonts| fonts.has_glyph(&font, sign)), "{sign} in {font:?}");
            }
        }
        let width = |context: &egui::Context, text: &str, font: FontId| {
            context.fonts_mut(|fonts| fonts.layout_no_wrap(text.to_owned(), font, egui::Color32::WHITE).size().x)
        };
        assert_eq!(width(&context, "1111", mono(12.0)), width(&context, "8888", mono(12.0)), "figures must not dance");
        assert!(width(&context, "Pipewright", strong(13.0)) > width(&context, "Pipewright", body(13.0)), "the weights are told apart");
    }
}
