#!/bin/sh
# Draws every picture of ../ and ../tray from the SVG files here.
# Needs rsvg-convert (librsvg2-bin), convert (ImageMagick) and png2icns (icnsutils).
set -eu
cd "$(dirname "$0")"
for layer in tray/*.svg; do
    rsvg-convert --width 32 --height 32 "$layer" --output "../tray/$(basename "$layer" .svg).png"
done
for size in 32 128 256 512; do
    rsvg-convert --width "$size" --height "$size" app.svg --output "../${size}x${size}.png"
done
mv ../256x256.png ../128x128@2x.png
mv ../512x512.png ../icon.png
scratch=$(mktemp -d)
for size in 16 24 32 48 64 256; do
    rsvg-convert --width "$size" --height "$size" app.svg --output "$scratch/$size.png"
done
convert "$scratch/16.png" "$scratch/24.png" "$scratch/32.png" "$scratch/48.png" "$scratch/64.png" "$scratch/256.png" ../icon.ico
png2icns ../icon.icns ../32x32.png ../128x128.png ../128x128@2x.png ../icon.png >/dev/null
rm -r "$scratch"
