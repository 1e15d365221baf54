//! The window's own picture: waits until the run has gone on for a while, takes it, writes a PNG, closes the window.

use egui::{ColorImage, Context, ViewportCommand};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Frames that the layout gets to settle.
const FRAMES_TO_SETTLE: u32 = 4;

/// How long the document and its run may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A picture to be taken.
pub struct Picture {
    path: PathBuf,
    after: Duration,
    asked: Instant,
    since: Option<Instant>,
    frames: u32,
    taken: Option<Receiver<Arc<ColorImage>>>,
}

impl Picture {
    /// A picture for this file, so long after everything is there.
    pub fn new(path: PathBuf, after: Duration) -> Self {
        Self { path, after, asked: Instant::now(), since: None, frames: 0, taken: None }
    }

    /// Called once a frame. `ready`: the document is there and, if asked for, its run.
    pub fn go_on(&mut self, context: &Context, ready: bool) {
        context.request_repaint_after(Duration::from_millis(16));
        // A file that cannot be opened or run is worth a picture, too.
        if (ready || self.asked.elapsed() > PATIENCE) && self.since.is_none() {
            self.since = Some(Instant::now());
        }
        let Some(since) = self.since else { return };
        self.frames += 1;
        if let Some(taken) = &self.taken {
            if let Ok(image) = taken.try_recv() {
                if let Err(error) = write(&self.path, &image) {
                    eprintln!("pipewright: {} cannot be written: {error}", self.path.display());
                }
                context.send_viewport_cmd(ViewportCommand::Close);
            }
        } else if self.frames >= FRAMES_TO_SETTLE && since.elapsed() >= self.after {
            let (sender, receiver) = channel();
            // The window may be gone before the picture is.
            context.request_screenshot(move |image| drop(sender.send(image)));
            self.taken = Some(receiver);
        }
    }
}

fn write(path: &Path, image: &ColorImage) -> Result<(), Box<dyn std::error::Error>> {
    let file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let [width, height] = image.size;
    let mut encoder = png::Encoder::new(file, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let bytes: Vec<u8> = image.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bytes)?;
    writer.finish()?;
    Ok(())
}
