//! Curves over numbers that grow tenfold.

use std::fmt::Write as _;

use super::plot::{COLORS, frame};

/// One curve.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) title: String,
    pub(crate) points: Vec<(u64, f64)>,
}

/// Values from zero up, over a logarithmic axis; a point at zero stands at its left end.
pub(crate) fn curves(title: &str, counted: &str, lines: &[Line]) -> String {
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let greatest = all().map(|point| point.1).fold(0.0, f64::max).max(0.001) * 1.1;
    let counts = || all().map(|point| point.0).filter(|&count| count > 0);
    let has_zero = all().any(|point| point.0 == 0);
    let (least, most) = (logarithm(counts().min().unwrap_or(1)) - f64::from(u8::from(has_zero)), logarithm(counts().max().unwrap_or(10)));
    let x = |count: u64| LEFT + if count == 0 { 0.0 } else { (logarithm(count) - least) / (most - least).max(0.001) * WIDTH };
    let y = |value: f64| TOP + HEIGHT - value / greatest * HEIGHT;
    let mut body = String::new();
    for step in 0..=4 {
        let value = greatest * f64::from(step) / 4.0;
        let (at, right) = (y(value), LEFT + WIDTH);
        let _ = writeln!(body, r##"<line x1="{LEFT}" y1="{at:.1}" x2="{right}" y2="{at:.1}" stroke="#ddd"/>"##);
        let _ = writeln!(body, r#"<text x="{}" y="{:.1}" text-anchor="end">{value:.1}</text>"#, LEFT - 8.0, at + 4.0);
    }
    let mut ticks: Vec<u64> = all().map(|point| point.0).collect();
    ticks.sort_unstable();
    ticks.dedup();
    for tick in ticks {
        let _ = writeln!(body, r#"<text x="{:.1}" y="{}" text-anchor="middle">{}</text>"#, x(tick), TOP + HEIGHT + 18.0, grouped(tick));
    }
    let middle = LEFT + WIDTH / 2.0;
    let _ = writeln!(body, r#"<text x="{middle}" y="{}" text-anchor="middle">{counted}</text>"#, TOP + HEIGHT + 38.0);
    let mut bottom = TOP + HEIGHT + 62.0;
    for (number, line) in lines.iter().enumerate() {
        let color = COLORS.get(number).copied().unwrap_or("#888");
        let points: Vec<String> = line.points.iter().map(|&(count, value)| format!("{:.1},{:.1}", x(count), y(value))).collect();
        let _ = writeln!(body, r#"<polyline points="{}" fill="none" stroke="{color}" stroke-width="2"/>"#, points.join(" "));
        for &(count, value) in &line.points {
            let _ = writeln!(body, r#"<circle cx="{:.1}" cy="{:.1}" r="3" fill="{color}"/>"#, x(count), y(value));
        }
        let _ = writeln!(body, r#"<rect x="{LEFT}" y="{}" width="14" height="4" fill="{color}"/>"#, bottom - 6.0);
        let _ = writeln!(body, r#"<text x="{}" y="{bottom}">{}</text>"#, LEFT + 20.0, line.title);
        bottom += 18.0;
    }
    frame(title, 700, bottom, &body)
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a place on paper")]
fn logarithm(count: u64) -> f64 {
    (count as f64).log10()
}

const LEFT: f64 = 70.0;
const TOP: f64 = 44.0;
const WIDTH: f64 = 580.0;
const HEIGHT: f64 = 220.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_drawn_within_the_frame() {
        let line = Line { title: "a request".to_owned(), points: vec![(0, 2.0), (1000, 4.0), (1_000_000, 0.0)] };
        let drawn = curves("Things", "things", &[line]);
        assert!(drawn.contains(r#"points="70.0,164.0 215.0,64.0 650.0,264.0""#), "{drawn}");
        assert_eq!(drawn.matches("<circle").count(), 3);
        assert!(drawn.contains(">1,000,000</text>"));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([7, 1000, 10_000, 1_234_567].map(grouped), ["7", "1,000", "10,000", "1,234,567"]);
    }
}
