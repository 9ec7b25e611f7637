// Returned to test_browser.py: every visible text whose contrast with what lies behind it is below 4.5 to 1 (WCAG 2 AA).
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255);
};
const over = ([r, g, b, a], below) => [r, g, b].map((part, index) => part * a + below[index] * (1 - a));
const behind = (node) => {
  const color = rgba(getComputedStyle(node).backgroundColor);
  return color[3] === 1 || !node.parentElement ? over(color, [1, 1, 1]) : over(color, behind(node.parentElement));
};
const opacity = (node) => (node ? getComputedStyle(node).opacity * opacity(node.parentElement) : 1);
const luminance = (color) => {
  const [r, g, b] = color.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (node) => {
  const ground = behind(node), ink = rgba(getComputedStyle(node).color);
  ink[3] *= opacity(node);
  const [dark, light] = [luminance(over(ink, ground)), luminance(ground)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
const own = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
return [...document.querySelectorAll("body *:not(script)")]
  .filter((node) => own(node) && node.checkVisibility() && !node.closest(".hidden, .skip") && contrast(node) < 4.5)
  .map((node) => `${contrast(node).toFixed(2)} ${node.className || node.tagName}: ${node.textContent.trim().slice(0, 40)}`);
