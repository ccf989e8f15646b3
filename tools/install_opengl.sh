#!/bin/sh
# Installs a software OpenGL if there is none and the user may install packages; otherwise prints the packages to install.
# Never fails: without OpenGL everything but previews and rendered clips is made.
case "$(uname -s)" in Linux) ;; *) exit 0 ;; esac
if ldconfig -p 2>/dev/null | grep -q libEGL.so.1; then
    exit 0
fi
packages="libegl1 libgl1-mesa-dri"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing OpenGL: $packages"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null && exit 0
fi
echo "previews need OpenGL; on Debian and Ubuntu: sudo apt-get install $packages"
exit 0
