//! Where things stand on the page: the matrices of a PDF.

use lopdf::Object;

/// Six numbers that say where a point of an inner coordinate system stands in the outer one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix {
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
    pub x: f64,
    pub y: f64,
}

impl Matrix {
    pub const IDENTITY: Self = Self::new([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub const fn new([a, b, c, d, x, y]: [f64; 6]) -> Self {
        Self { a, b, c, d, x, y }
    }

    pub const fn shift(x: f64, y: f64) -> Self {
        Self::new([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// This one, and then the one around it.
    pub fn within(self, outer: Self) -> Self {
        let (x, y) = outer.place(self.x, self.y);
        Self {
            a: self.a * outer.a + self.b * outer.c,
            b: self.a * outer.b + self.b * outer.d,
            c: self.c * outer.a + self.d * outer.c,
            d: self.c * outer.b + self.d * outer.d,
            x,
            y,
        }
    }

    pub fn place(self, x: f64, y: f64) -> (f64, f64) {
        (
            x * self.a + y * self.c + self.x,
            x * self.b + y * self.d + self.y,
        )
    }

    /// How long one unit along the line of writing is.
    pub fn stretch(self) -> f64 {
        self.a.hypot(self.b)
    }

    /// How high one unit stands above the line of writing. Not finite where there is no such line.
    pub fn height(self) -> f64 {
        (self.a * self.d - self.b * self.c).abs() / self.stretch()
    }
}

/// A number of a file; what is none, or is not finite, is 0.
pub(super) fn number(object: Option<&Object>) -> f64 {
    let number = object.and_then(|object| object.as_float().ok());
    number
        .filter(|n| n.is_finite())
        .map(f64::from)
        .unwrap_or_default()
}

/// The first numbers of a list; those that are missing are 0.
pub(super) fn numbers<const N: usize>(objects: &[Object]) -> [f64; N] {
    std::array::from_fn(|at| number(objects.get(at)))
}
