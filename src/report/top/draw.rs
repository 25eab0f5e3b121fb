//! A [`Model`] as a picture; whatever the size, what matters most comes first.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{
    Axis, Block, Borders, Chart, Dataset, Gauge, GraphType, Paragraph, Sparkline,
};

use super::super::numbers::{rate, seconds};
use super::model::{Model, Series};

const KEYS: &str = "q quit  p pause  r resume  c check swap";
/// Warnings and commands are shown where there is room for so many lines in all.
const TALL: u16 = 18;
/// Below, curves are one above the other.
const WIDE: u16 = 60;
/// Below, a curve is a line of bars.
const CURVE: u16 = 3;

/// One or two series in one picture.
struct Curve<'a> {
    title: String,
    main: &'a Series,
    /// Drawn in dots.
    other: Option<&'a Series>,
    colour: Color,
}

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame, model: &Model, colours: bool) {
    let told = if frame.area().height >= TALL { 4 } else { 0 };
    let rows = [1, 1, 1].map(Constraint::Length).into_iter();
    let rows = rows.chain([Constraint::Fill(1)]).chain([1, told, 1, 1].map(Constraint::Length));
    let [title, at, gauge, curves, facts, told, said, keys] =
        Layout::vertical(rows).areas(frame.area());
    let in_colour = |colour| if colours { Style::new().fg(colour) } else { Style::new() };
    let bold = Style::new().add_modifier(Modifier::BOLD);

    line(frame, title, &model.title(), bold);
    let is_held = model.reason.is_some();
    line(frame, at, &model.at(), if is_held { in_colour(Color::Yellow) } else { Style::new() });
    frame.render_widget(
        Gauge::default()
            .ratio(model.fraction.unwrap_or_default().clamp(0.0, 1.0))
            .label(model.done())
            .gauge_style(in_colour(Color::Green)),
        gauge,
    );
    draw_curves(frame, curves, model, colours);
    line(frame, facts, &model.facts(), Style::new());
    frame.render_widget(Paragraph::new(last_words(model)), told);
    line(frame, said, &model.said, bold);
    line(frame, keys, KEYS, Style::new().add_modifier(Modifier::DIM));
}

fn line(frame: &mut Frame, area: Rect, text: &str, style: Style) {
    frame.render_widget(Line::styled(text, style), area);
}

/// Two of each.
fn last_words(model: &Model) -> Vec<Line<'_>> {
    let last = |all: &'_ [String], what: &str| {
        let from = all.len().saturating_sub(2);
        all[from..].iter().map(|it| Line::raw(format!("{what}: {it}"))).collect::<Vec<_>>()
    };
    [last(&model.warnings, "warning"), last(&model.commands, "said by")].concat()
}

fn draw_curves(frame: &mut Frame, area: Rect, model: &Model, colours: bool) {
    let of = |series: &Series, name: &str, unit: &str| {
        series.last().map(|number| format!("{name} {number:.1} {unit}"))
    };
    let both = |one: Option<String>, name: &str, other: Option<String>| {
        let one = one.unwrap_or_else(|| format!("{name} unknown"));
        other.map_or_else(|| one.clone(), |other| format!("{one}, {other}"))
    };
    let lag = both(of(&model.lag, "lag", "s"), "lag", of(&model.replicas, "replicas", "s"));
    let chunk = of(&model.chunk, "chunk", "ms");
    let latency = both(chunk, "chunk", of(&model.writes, "writes", "ms"));
    let curves = [
        Curve {
            title: format!("rate {}", rate(model.rate.last().unwrap_or_default())),
            main: &model.rate,
            other: None,
            colour: Color::Cyan,
        },
        Curve {
            title: lag,
            main: &model.lag,
            other: Some(&model.replicas),
            colour: Color::Magenta,
        },
        Curve {
            title: latency,
            main: &model.chunk,
            other: Some(&model.writes),
            colour: Color::Blue,
        },
    ];
    let parts = [Constraint::Fill(1); 3];
    let areas: [Rect; 3] = if area.width < WIDE {
        Layout::vertical(parts).areas(area)
    } else {
        Layout::horizontal(parts).spacing(1).areas(area)
    };
    for (curve, area) in curves.iter().zip(areas) {
        if area.height < CURVE {
            curve.draw_small(frame, area, colours);
        } else {
            curve.draw(frame, area, model.span(), colours);
        }
    }
}

impl Curve<'_> {
    fn style(&self, colours: bool) -> Style {
        if colours { Style::new().fg(self.colour) } else { Style::new() }
    }

    fn draw(&self, frame: &mut Frame, area: Rect, span: [f64; 2], colours: bool) {
        let (main, other) = (self.main.points(), self.other.map(Series::points));
        let other = other.unwrap_or_default();
        let most = self.main.most().max(self.other.map_or(0.0, Series::most));
        // A curve that is nothing but zero still needs a height.
        let top = if most > 0.0 { most * 1.1 } else { 1.0 };
        let data = |points, marker, graph| {
            Dataset::default().data(points).marker(marker).graph_type(graph)
        };
        let sets = vec![
            data(&main, Marker::Braille, GraphType::Line).style(self.style(colours)),
            data(&other, Marker::Dot, GraphType::Scatter),
        ];
        let title = Block::new().borders(Borders::TOP).title(self.title.as_str());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
        let back = format!("-{}", seconds((span[1] - span[0]) as u64));
        let chart = Chart::new(sets)
            .block(title)
            .legend_position(None)
            .x_axis(Axis::default().bounds(span).labels([back, "now".to_owned()]))
            .y_axis(Axis::default().bounds([0.0, top]).labels(["0".to_owned(), short(top)]));
        frame.render_widget(chart, area);
    }

    /// Words, and bars of the last moments in what is left of the line.
    fn draw_small(&self, frame: &mut Frame, area: Rect, colours: bool) {
        let [words, bars] =
            Layout::horizontal([Constraint::Fill(2), Constraint::Fill(1)]).spacing(1).areas(area);
        line(frame, words, &self.title, Style::new());
        let points = self.main.points();
        let from = points.len().saturating_sub(bars.width.into());
        let most = self.main.most().max(f64::MIN_POSITIVE);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1000
        let bar = |(_, number): &(f64, f64)| (number / most * 1e3).clamp(0.0, 1e3) as u64;
        let heights: Vec<u64> = points[from..].iter().map(bar).collect();
        let sparkline = Sparkline::default().data(heights).max(1000);
        frame.render_widget(sparkline.style(self.style(colours)), bars);
    }
}

/// A number in at most five letters or so.
fn short(number: f64) -> String {
    match number {
        _ if number >= 1e6 => format!("{:.1}M", number / 1e6),
        _ if number >= 1e4 => format!("{:.0}k", number / 1e3),
        _ if number >= 10.0 => format!("{number:.0}"),
        _ => format!("{number:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::buffer::{Buffer, Cell};
    use serde_json::json;

    use super::super::model::tests::status;
    use super::*;

    fn full() -> Model {
        let mut model = Model::default();
        for half in 0..200 {
            let mut status = status();
            status["progress"]["rows_per_second"] = (f64::from(half % 50) * 100.0 + 9.0).into();
            model.see(f64::from(half) / 2.0, &status);
        }
        let said = json!({ "by": "uid 1000", "words": "max-lag 2s", "ok": true });
        model.hear(&json!({ "audit": [said] }));
        model.answer(&json!({ "ok": true, "message": "work rests" }));
        model
    }

    fn picture(model: &Model, width: u16, height: u16, colours: bool) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, model, colours)).unwrap();
        terminal.backend().buffer().clone()
    }

    fn lines(buffer: &Buffer) -> String {
        let width = usize::from(buffer.area.width);
        let symbols: Vec<&str> = buffer.content().iter().map(Cell::symbol).collect();
        symbols.chunks(width).map(|line| line.concat() + "\n").collect()
    }

    #[test]
    fn all_is_there_on_a_usual_terminal() {
        let text = lines(&picture(&full(), 80, 24, true));
        for words in [
            "shop.orders run 7 on db1:3306",
            "copy, throttled: db2 is 1.4 s behind",
            "40.0% of the keys, ETA 1m 19s",
            "rate 4,909 rows/s",
            "lag 0.2 s, replicas 1.4 s",
            "chunk 90.0 ms, writes 1.2",
            "backlog 1,234 keys, workers 0",
            "warning: the binary log is kept for an hour",
            "said by: uid 1000: max-lag 2s",
            "work rests",
            KEYS,
        ] {
            assert!(text.contains(words), "{words}:\n{text}");
        }
        let is_drawn = |letter: char| ('\u{2801}'..='\u{28ff}').contains(&letter);
        assert!(text.chars().any(is_drawn), "{text}");
    }

    #[test]
    fn a_small_terminal_has_what_matters() {
        let text = lines(&picture(&full(), 40, 10, true));
        for words in [
            "shop.orders run 7",
            "copy, throttled: db2",
            "40.0% of the keys",
            "rate 4,909 rows/s",
            "lag 0.2 s, replicas 1.4 s",
            "chunk 90.0 ms",
            "backlog 1,234 keys",
            "work rests",
            "q quit",
        ] {
            assert!(text.contains(words), "{words}:\n{text}");
        }
        assert!(text.contains('█') || text.contains('▇'), "{text}");
    }

    #[test]
    fn no_size_and_no_number_is_too_much() {
        let mut odd = Model::default();
        let mut status = status();
        status["progress"]["fraction"] = 7.5.into();
        status["progress"]["rows_per_second"] = 1e300.into();
        status["table"] = "a\u{1b}[31mb\nc".into();
        odd.see(0.0, &status);
        for model in [Model::default(), full(), odd] {
            for (width, height) in [(1, 1), (3, 2), (10, 4), (40, 10), (59, 60), (80, 24), (300, 9)]
            {
                let text = lines(&picture(&model, width, height, true));
                assert!(!text.contains('\u{1b}'), "{text}");
            }
        }
    }

    #[test]
    fn without_colours_there_are_none() {
        let is_coloured = |buffer: Buffer| {
            buffer.content().iter().any(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset))
        };
        assert!(is_coloured(picture(&full(), 80, 24, true)));
        assert!(!is_coloured(picture(&full(), 80, 24, false)));
    }
}
