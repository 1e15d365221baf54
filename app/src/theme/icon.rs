//! The icons: small drawings on a grid of sixteen, in lines of one width.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};
use pipewright_runtime::node::Family;

/// The width of an icon's lines at its own size of 16 points.
const LINE: f32 = 1.4;

/// A drawing of one colour.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "each is named after what it shows")]
pub enum Icon {
    Publish,
    Topic,
    Queue,
    Filter,
    Claim,
    Bridge,
    Choreography,
    Supervision,
    Sink,
    Run,
    Pause,
    Step,
    Stop,
    Search,
    Close,
    Plus,
    Minus,
    Fit,
    Undo,
    Redo,
    Down,
    Right,
    /// To the left, back.
    Left,
    /// A composite: a node with others behind it.
    Composite,
    Reset,
    File,
    Folder,
    Copy,
    Note,
    Frame,
    Clock,
    Sun,
    Moon,
    More,
    Check,
    Menu,
}

/// A stroke of the drawing, in sixteenths of the icon's side.
enum Mark {
    Line(&'static [[f32; 2]]),
    Loop(&'static [[f32; 2]]),
    /// Filled; convex.
    Fill(&'static [[f32; 2]]),
    Ring(f32, f32, f32),
    Disc(f32, f32, f32),
    Curve([[f32; 2]; 4]),
}

use Mark::{Curve, Disc, Fill, Line, Loop, Ring};

impl Icon {
    /// Every icon, for the tests.
    pub const ALL: [Self; 36] = [
        Self::Publish,
        Self::Topic,
        Self::Queue,
        Self::Filter,
        Self::Claim,
        Self::Bridge,
        Self::Choreography,
        Self::Supervision,
        Self::Sink,
        Self::Run,
        Self::Pause,
        Self::Step,
        Self::Stop,
        Self::Search,
        Self::Close,
        Self::Plus,
        Self::Minus,
        Self::Fit,
        Self::Undo,
        Self::Redo,
        Self::Down,
        Self::Right,
        Self::Left,
        Self::Composite,
        Self::Reset,
        Self::File,
        Self::Folder,
        Self::Copy,
        Self::Note,
        Self::Frame,
        Self::Clock,
        Self::Sun,
        Self::Moon,
        Self::More,
        Self::Check,
        Self::Menu,
    ];

    /// A family's icon.
    pub const fn family(family: Family) -> Self {
        match family {
            Family::Publish => Self::Publish,
            Family::Topic => Self::Topic,
            Family::Queue => Self::Queue,
            Family::Filter => Self::Filter,
            Family::Claim => Self::Claim,
            Family::Bridge => Self::Bridge,
            Family::Choreography => Self::Choreography,
            Family::Supervision => Self::Supervision,
            Family::Sink => Self::Sink,
        }
    }

    const fn marks(self) -> &'static [Mark] {
        match self {
            Self::Publish => {
                &[Line(&[[1.5, 8.0], [10.5, 8.0]]), Line(&[[7.0, 4.5], [10.5, 8.0], [7.0, 11.5]]), Line(&[[13.8, 3.0], [13.8, 13.0]])]
            }
            Self::Topic => &[
                Ring(4.2, 8.0, 2.2),
                Curve([[6.4, 8.0], [9.2, 8.0], [8.8, 3.6], [13.8, 3.6]]),
                Curve([[6.4, 8.0], [9.2, 8.0], [8.8, 12.4], [13.8, 12.4]]),
                Line(&[[6.4, 8.0], [13.8, 8.0]]),
            ],
            Self::Queue => &[
                Loop(&[[1.8, 3.8], [4.6, 3.8], [4.6, 12.2], [1.8, 12.2]]),
                Loop(&[[6.6, 3.8], [9.4, 3.8], [9.4, 12.2], [6.6, 12.2]]),
                Loop(&[[11.4, 3.8], [14.2, 3.8], [14.2, 12.2], [11.4, 12.2]]),
            ],
            Self::Filter => &[Loop(&[[2.0, 3.0], [14.0, 3.0], [9.6, 8.4], [9.6, 13.4], [6.4, 11.8], [6.4, 8.4]])],
            Self::Claim => &[
                Loop(&[[8.0, 1.8], [13.6, 4.9], [13.6, 11.1], [8.0, 14.2], [2.4, 11.1], [2.4, 4.9]]),
                Line(&[[2.4, 4.9], [8.0, 8.0], [13.6, 4.9]]),
                Line(&[[8.0, 8.0], [8.0, 14.2]]),
            ],
            Self::Bridge => &[
                Line(&[[1.2, 11.2], [14.8, 11.2]]),
                Line(&[[4.4, 3.6], [4.4, 13.2]]),
                Line(&[[11.6, 3.6], [11.6, 13.2]]),
                Curve([[4.4, 4.4], [5.6, 9.6], [10.4, 9.6], [11.6, 4.4]]),
                Line(&[[1.2, 8.6], [4.4, 4.4]]),
                Line(&[[14.8, 8.6], [11.6, 4.4]]),
            ],
            Self::Choreography => &[
                Ring(8.0, 3.6, 1.9),
                Ring(3.6, 12.0, 1.9),
                Ring(12.4, 12.0, 1.9),
                Line(&[[7.1, 5.3], [4.5, 10.3]]),
                Line(&[[8.9, 5.3], [11.5, 10.3]]),
                Line(&[[5.5, 12.0], [10.5, 12.0]]),
            ],
            Self::Supervision => &[
                Line(&[[8.0, 1.6], [13.4, 3.6], [13.4, 7.8]]),
                Line(&[[8.0, 1.6], [2.6, 3.6], [2.6, 7.8]]),
                Curve([[13.4, 7.8], [13.4, 11.4], [10.6, 13.4], [8.0, 14.4]]),
                Curve([[2.6, 7.8], [2.6, 11.4], [5.4, 13.4], [8.0, 14.4]]),
                Line(&[[5.4, 8.0], [7.3, 9.9], [10.8, 6.2]]),
            ],
            Self::Sink => &[
                Line(&[[8.0, 1.8], [8.0, 9.6]]),
                Line(&[[4.8, 6.6], [8.0, 9.8], [11.2, 6.6]]),
                Line(&[[2.2, 9.4], [2.2, 13.6], [13.8, 13.6], [13.8, 9.4]]),
            ],
            Self::Run => &[Fill(&[[4.4, 2.6], [13.4, 8.0], [4.4, 13.4]])],
            Self::Pause => {
                &[Fill(&[[3.8, 3.0], [6.6, 3.0], [6.6, 13.0], [3.8, 13.0]]), Fill(&[[9.4, 3.0], [12.2, 3.0], [12.2, 13.0], [9.4, 13.0]])]
            }
            Self::Step => &[Fill(&[[3.4, 3.0], [10.6, 8.0], [3.4, 13.0]]), Fill(&[[11.2, 3.0], [13.0, 3.0], [13.0, 13.0], [11.2, 13.0]])],
            Self::Stop => &[Fill(&[[3.4, 3.4], [12.6, 3.4], [12.6, 12.6], [3.4, 12.6]])],
            Self::Search => &[Ring(7.0, 7.0, 4.4), Line(&[[10.3, 10.3], [14.0, 14.0]])],
            Self::Close => &[Line(&[[4.0, 4.0], [12.0, 12.0]]), Line(&[[12.0, 4.0], [4.0, 12.0]])],
            Self::Plus => &[Line(&[[8.0, 3.2], [8.0, 12.8]]), Line(&[[3.2, 8.0], [12.8, 8.0]])],
            Self::Minus => &[Line(&[[3.2, 8.0], [12.8, 8.0]])],
            Self::Fit => &[
                Line(&[[2.4, 5.8], [2.4, 2.4], [5.8, 2.4]]),
                Line(&[[10.2, 2.4], [13.6, 2.4], [13.6, 5.8]]),
                Line(&[[13.6, 10.2], [13.6, 13.6], [10.2, 13.6]]),
                Line(&[[5.8, 13.6], [2.4, 13.6], [2.4, 10.2]]),
            ],
            Self::Undo => &[
                Line(&[[5.6, 2.8], [2.6, 5.8], [5.6, 8.8]]),
                Line(&[[2.6, 5.8], [9.4, 5.8]]),
                Curve([[9.4, 5.8], [14.6, 5.8], [14.6, 13.2], [9.4, 13.2]]),
                Line(&[[9.4, 13.2], [6.4, 13.2]]),
            ],
            Self::Redo => &[
                Line(&[[10.4, 2.8], [13.4, 5.8], [10.4, 8.8]]),
                Line(&[[13.4, 5.8], [6.6, 5.8]]),
                Curve([[6.6, 5.8], [1.4, 5.8], [1.4, 13.2], [6.6, 13.2]]),
                Line(&[[6.6, 13.2], [9.6, 13.2]]),
            ],
            Self::Down => &[Line(&[[4.0, 6.2], [8.0, 10.2], [12.0, 6.2]])],
            Self::Right => &[Line(&[[6.2, 4.0], [10.2, 8.0], [6.2, 12.0]])],
            Self::Left => &[Line(&[[9.8, 4.0], [5.8, 8.0], [9.8, 12.0]])],
            Self::Composite => &[
                Loop(&[[1.8, 5.4], [10.6, 5.4], [10.6, 13.4], [1.8, 13.4]]),
                Line(&[[4.4, 2.8], [13.8, 2.8], [13.8, 11.0]]),
                Line(&[[4.4, 9.4], [8.0, 9.4]]),
            ],
            Self::Reset => &[
                Line(&[[2.8, 2.6], [2.8, 6.4], [6.6, 6.4]]),
                Curve([[2.8, 6.4], [4.6, 1.6], [13.4, 1.6], [13.4, 8.2]]),
                Curve([[13.4, 8.2], [13.4, 14.4], [5.0, 15.2], [3.0, 10.6]]),
            ],
            Self::File => {
                &[Loop(&[[3.4, 1.8], [9.6, 1.8], [12.8, 5.0], [12.8, 14.2], [3.4, 14.2]]), Line(&[[9.4, 2.0], [9.4, 5.2], [12.6, 5.2]])]
            }
            Self::Folder => &[Loop(&[[1.8, 3.4], [6.4, 3.4], [8.0, 5.2], [14.2, 5.2], [14.2, 12.8], [1.8, 12.8]])],
            Self::Copy => &[
                Loop(&[[5.6, 5.6], [13.8, 5.6], [13.8, 13.8], [5.6, 13.8]]),
                Line(&[[10.4, 5.4], [10.4, 2.2], [2.2, 2.2], [2.2, 10.4], [5.4, 10.4]]),
            ],
            Self::Note => &[
                Loop(&[[2.4, 2.4], [13.6, 2.4], [13.6, 9.8], [9.8, 13.6], [2.4, 13.6]]),
                Line(&[[5.2, 6.0], [10.8, 6.0]]),
                Line(&[[5.2, 9.0], [8.4, 9.0]]),
            ],
            Self::Frame => &[Loop(&[[2.0, 3.0], [14.0, 3.0], [14.0, 13.0], [2.0, 13.0]]), Line(&[[4.4, 5.8], [8.0, 5.8]])],
            Self::Clock => &[Ring(8.0, 8.0, 6.0), Line(&[[8.0, 4.6], [8.0, 8.0], [10.4, 9.6]])],
            Self::Sun => &[
                Ring(8.0, 8.0, 3.0),
                Line(&[[8.0, 1.2], [8.0, 2.8]]),
                Line(&[[8.0, 13.2], [8.0, 14.8]]),
                Line(&[[1.2, 8.0], [2.8, 8.0]]),
                Line(&[[13.2, 8.0], [14.8, 8.0]]),
                Line(&[[3.2, 3.2], [4.3, 4.3]]),
                Line(&[[11.7, 11.7], [12.8, 12.8]]),
                Line(&[[12.8, 3.2], [11.7, 4.3]]),
                Line(&[[4.3, 11.7], [3.2, 12.8]]),
            ],
            Self::Moon => &[
                Curve([[6.6, 2.2], [0.4, 4.2], [1.4, 13.8], [8.4, 13.8]]),
                Curve([[8.4, 13.8], [11.0, 13.8], [13.2, 12.0], [13.8, 9.4]]),
                Curve([[13.8, 9.4], [9.0, 11.2], [5.2, 7.0], [6.6, 2.2]]),
            ],
            Self::More => &[Disc(3.4, 8.0, 1.2), Disc(8.0, 8.0, 1.2), Disc(12.6, 8.0, 1.2)],
            Self::Check => &[Line(&[[3.0, 8.4], [6.4, 11.8], [13.0, 4.6]])],
            Self::Menu => &[Line(&[[2.4, 4.2], [13.6, 4.2]]), Line(&[[2.4, 8.0], [13.6, 8.0]]), Line(&[[2.4, 11.8], [13.6, 11.8]])],
        }
    }

    /// The drawing as shapes, fitted into a square.
    pub fn shapes(self, square: Rect, colour: Color32) -> impl Iterator<Item = Shape> {
        let scale = square.width().min(square.height()) / 16.0;
        let corner = square.center() - egui::vec2(8.0, 8.0) * scale;
        let place = move |[x, y]: [f32; 2]| pos2(corner.x + x * scale, corner.y + y * scale);
        let points = move |list: &[[f32; 2]]| list.iter().copied().map(place).collect::<Vec<Pos2>>();
        let stroke = Stroke::new(LINE * scale.max(0.7), colour);
        self.marks().iter().map(move |mark| match mark {
            Line(list) => Shape::line(points(list), stroke),
            Loop(list) => Shape::closed_line(points(list), stroke),
            Fill(list) => Shape::convex_polygon(points(list), colour, Stroke::NONE),
            Ring(x, y, radius) => Shape::circle_stroke(place([*x, *y]), radius * scale, stroke),
            Disc(x, y, radius) => Shape::circle_filled(place([*x, *y]), radius * scale, colour),
            Curve(list) => {
                Shape::CubicBezier(egui::epaint::CubicBezierShape::from_points_stroke(list.map(place), false, Color32::TRANSPARENT, stroke))
            }
        })
    }

    /// Paints the icon into a square.
    pub fn paint(self, painter: &Painter, square: Rect, colour: Color32) {
        painter.extend(self.shapes(square, colour));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_stay_inside_their_square() {
        let square = Rect::from_min_size(pos2(100.0, 50.0), egui::vec2(16.0, 16.0));
        for icon in Icon::ALL {
            let mut count = 0;
            for shape in icon.shapes(square, Color32::WHITE) {
                // Tops of curves may reach out by less than their control points do.
                assert!(square.expand(0.5).contains_rect(shape.visual_bounding_rect()), "{icon:?} {:?}", shape.visual_bounding_rect());
                count += 1;
            }
            assert!(count > 0, "{icon:?} is empty");
        }
    }

    #[test]
    fn every_family_has_an_icon_of_its_own() {
        let icons: std::collections::HashSet<Icon> = Family::ALL.into_iter().map(Icon::family).collect();
        assert_eq!(icons.len(), Family::ALL.len());
    }
}
