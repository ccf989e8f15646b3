"""Speaking: the sound of a video and the people in it -> people whose mouths move with the sound."""

from pathlib import Path

from bodydouble.data import Person
from bodydouble.formats.media.sound import read_sound
from bodydouble.motion.face.speaker import move_mouths
from bodydouble.networks import network_seconds
from bodydouble.perception.speech.observe_speech import SpeechModel
from bodydouble.pipeline.progress import Progress


def add_speech(video: Path, people: tuple[Person, ...], frame_count: int, progress: Progress) -> tuple[Person, ...]:
    """Moves the mouths of those who speak unseen with the sound of a video.

    Args:
        video: A video with sound.
        people: People in it, the most prominent first.
        frame_count: Number of its frames.
        progress: Collects the time.

    Returns:
        The people; the same ones if nobody speaks.
    """
    seconds_before = network_seconds()
    with progress.stage("speech"):
        sound = read_sound(video)
        speech = None if sound is None else SpeechModel().observe(sound)
    progress.network_seconds += network_seconds() - seconds_before
    return people if speech is None else move_mouths(people, speech, frame_count)
