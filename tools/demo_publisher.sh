#!/bin/sh
# Runs in the demo's server and pushes a test pattern: 1280x720 at 30 frames a second, a burnt-in UTC clock with
# milliseconds, a white flash and a beep together at the start of every second, a key frame every second.
# Environment: SERVER (address to push to), STREAM (id), KEY (publish key; it stands in no option that ffmpeg logs).
set -eu

seconds_of_day='(RTCTIME/1000000-86400*floor(RTCTIME/86400000000))/TB'
font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf
text="fontfile=$font:fontcolor=white:box=1:boxcolor=black@0.7:boxborderw=16:x=(w-tw)/2"

# The clock reads the time stamp of the frame, which for that one filter is the time of day.
video="testsrc2=size=1280x720:rate=30,eq=saturation=0.55:brightness=-0.12"
video="$video,drawbox=x=40:y=40:w=160:h=160:color=black:t=fill"
video="$video,drawbox=x=40:y=40:w=160:h=160:color=white:t=fill:enable='lt(mod(t,1),0.1)'"
video="$video,drawtext=$text:fontsize=36:y=h*0.72:text='Scrimbox demo'"
video="$video,settb=1/1000,setpts='$seconds_of_day',drawtext=$text:fontsize=64:y=h*0.80:text='%{pts\\:hms} UTC'"
video="$video,settb=1/30,setpts=N,format=yuv420p"
audio="aevalsrc='0.3*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':sample_rate=48000:channel_layout=stereo"

exec ffmpeg -hide_banner -nostdin -loglevel error \
    -re -f lavfi -i "$video" -re -f lavfi -i "$audio" \
    -c:v libx264 -preset ultrafast -tune zerolatency -g 30 -keyint_min 30 -sc_threshold 0 \
    -b:v 2500k -maxrate 2500k -bufsize 2500k -c:a aac -b:a 128k \
    -f flv -rtmp_playpath "$STREAM?key=$KEY" "$SERVER"
